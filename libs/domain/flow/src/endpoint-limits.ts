/** What an endpoint may be given. */
export interface EndpointLimits {
  /** Attempts at the same time: a whole number, 1 or more. */
  readonly maxInFlight: number;
  /** Attempts a second: above 0, below 1 too; no such limit if absent. */
  readonly ratePerSecond?: number;
  /** With a rate: attempts that may start at once after a pause, a whole number, 1 or more; 1 if absent. */
  readonly burst?: number;
}

/** @throws {RangeError} naming the limit, its value and its bound */
export function assertEndpointLimits({ maxInFlight, ratePerSecond, burst }: EndpointLimits): void {
  if (!Number.isSafeInteger(maxInFlight) || maxInFlight < 1) {
    throw new RangeError(`maxInFlight is ${maxInFlight}: it must be a whole number of 1 or more`);
  }
  if (ratePerSecond !== undefined && !(ratePerSecond > 0 && ratePerSecond < Infinity)) {
    throw new RangeError(`ratePerSecond is ${ratePerSecond}: it must be above 0`);
  }
  if (burst !== undefined && !(Number.isSafeInteger(burst) && burst >= 1)) {
    throw new RangeError(`burst is ${burst}: it must be a whole number of 1 or more`);
  }
}
