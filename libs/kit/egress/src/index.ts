export type { ResolveHost } from "./checked-lookup.ts";
export { createEgress, type Egress, type EgressLimits, type EgressOptions, type EgressRequest } from "./egress.ts";
export {
  createEgressPolicy,
  MAX_URL_CHARS,
  MAX_URL_WITH_QUERY_CHARS,
  type EgressPolicy,
  type EgressPolicyOptions,
  type EgressRefusal,
} from "./policy.ts";
export type { EgressResult, Refused, Responded, Unreachable } from "./result.ts";
