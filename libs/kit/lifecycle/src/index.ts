export { pause, systemClock, type Cancel, type Clock, type EpochMs, type Random } from "./clock.ts";
