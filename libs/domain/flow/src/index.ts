export type { EndpointLimits } from "./endpoint-limits.ts";
export { EndpointRoom, MAX_QUEUE_WAIT_MS, MAX_QUEUED, type Admission } from "./endpoint-room.ts";
export { clampHoldback, MAX_HOLDBACK_MS, type ClampedWait } from "./holdback.ts";
export type { EndpointOutcome } from "./outcome.ts";
export { FIRST_RESERVATION_MS, MAX_RESERVATION_MS } from "./reservation-clock.ts";
