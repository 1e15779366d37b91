export { createSubscription, type SubscriptionApp } from "./create-subscription.ts";
export { createOutbox } from "./operational-events/create-outbox.ts";
export { assertWarningTime, HEALTH_SETTINGS } from "./health-settings.ts";
export { createSecretEraser } from "./secrets/create-secret-eraser.ts";
export { listMasterKeyIds, prepareSecrets } from "./secrets/prepare-secrets.ts";
export type { SubscriptionLookups } from "./create-lookups.ts";
export { subscriptionSchema, type SubscriptionSchema } from "./store/subscription-schema.ts";
export type { SubscriptionDeps } from "./subscription-deps.ts";
