export { checkSettings, checkTenant } from "./check-settings.ts";
export { decide, type SubscriptionCommand, type SubscriptionDecision } from "./decide.ts";
export {
  beginAnew,
  countsFrom,
  decideOnHealth,
  type EndpointHealth,
  evolveHealth,
  type HealthReport,
  type HealthThresholds,
  type Streak,
} from "./endpoint-health.ts";
export type { Consent, VerificationOutcome } from "./ownership.ts";
export {
  DEFAULT_LIMITS,
  type Acknowledgement,
  type Limits,
  type Method,
  type PayloadFormat,
  type RetryPolicy,
  type SignatureKind,
  type SubscriptionSettings,
} from "./settings.ts";
export { listActiveKeys, type NewSigningKey, type SigningKey, DEFAULT_OVERLAP_MS } from "./signing-keys.ts";
export {
  ABSENT,
  effectiveLimits,
  evolve,
  isLive,
  isUnverified,
  type LiveSubscription,
  type Subscription,
  type SubscriptionEvent,
} from "./subscription.ts";
