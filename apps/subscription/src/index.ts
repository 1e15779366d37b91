export { createSubscription, type SubscriptionApp } from "./create-subscription.ts";
export { createOutbox } from "./operational-events/create-outbox.ts";
export { assertWarningTime, HEALTH_SETTINGS } from "./health-settings.ts";
export type { SubscriptionLookups, SubscriptionWithKeys } from "./create-lookups.ts";
export { subscriptionSchema, type SubscriptionSchema } from "./store/subscription-schema.ts";
export type { SubscriptionDeps } from "./subscription-deps.ts";
