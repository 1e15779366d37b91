export type { ResolveHost } from "./checked-lookup.ts";
export {
  EGRESS_CONNECTION_SETTINGS,
  egressPolicySettings,
  INTERNET_ONLY,
  type EgressConnectionConfig,
  type EgressPolicyConfig,
  type EgressPolicySettings,
  type PolicyFallbacks,
} from "./egress-settings.ts";
export { createEgress, type Egress, type EgressLimits, type EgressOptions, type EgressRequest } from "./egress.ts";
export type { NameServers } from "./dns-resolver.ts";
export { openEgress, openEgressPolicy, type OpenEgressOptions } from "./open-egress.ts";
export {
  createEgressPolicy,
  MAX_URL_CHARS,
  MAX_URL_WITH_QUERY_CHARS,
  type EgressPolicy,
  type EgressPolicyOptions,
  type EgressRefusal,
} from "./policy.ts";
export type { Proxy } from "./proxy-tunnel.ts";
export type { EgressResult, Refused, Responded, Unreachable, UnreachableDetail } from "./result.ts";
