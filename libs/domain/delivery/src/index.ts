export { isAcknowledged, type AcknowledgementRule } from "./acknowledgement.ts";
export type { AttemptResult, UnreachableReason } from "./attempt-result.ts";
export { evolveDelivery, INITIAL_DELIVERY_STATE, type AttemptRecorded, type DeliveryState } from "./delivery-state.ts";
export { judge, type JudgeContext } from "./judge.ts";
export { findPolicy, type PolicyRow } from "./policy.ts";
export { parseRetryAfter, readRetryAfter } from "./retry-after.ts";
export { DEFAULT_RETRY_DELAYS_MS, type RetryPolicy } from "./retry-policy.ts";
export type { DeadReason, Verdict } from "./verdict.ts";
export { WayOut } from "./way-out.ts";
