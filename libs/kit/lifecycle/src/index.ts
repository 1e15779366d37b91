export { pause, systemClock, untilAborted, type Cancel, type Clock, type EpochMs, type Random } from "./clock.ts";
export { runServices, type RunServicesOptions, type Service } from "./run-services.ts";
export { createSystemRandom } from "./system-random.ts";
export { runProcess } from "./run-process.ts";
