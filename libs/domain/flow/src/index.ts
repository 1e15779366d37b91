export type { EndpointLimits } from "./endpoint-limits.ts";
export { EndpointRoom, MAX_QUEUE_WAIT_MS, MAX_QUEUED, MAX_RESERVATION_MS, type Admission } from "./endpoint-room.ts";
