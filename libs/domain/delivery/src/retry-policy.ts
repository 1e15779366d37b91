/** When to try again. */
export interface RetryPolicy {
  /** The wait before the second attempt, the third, and so on, milliseconds. None left means dead. */
  readonly delaysMs: readonly number[];
  /** No attempt later than this after acceptance, milliseconds; no such bound if absent. */
  readonly maxAgeMs?: number;
}

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

/** 13 attempts over three days: quick for a restart, then hours for people to wake up and repair. */
export const DEFAULT_RETRY_DELAYS_MS: readonly number[] = [
  5 * SECOND_MS,
  30 * SECOND_MS,
  2 * MINUTE_MS,
  10 * MINUTE_MS,
  30 * MINUTE_MS,
  1 * HOUR_MS,
  2 * HOUR_MS,
  4 * HOUR_MS,
  8 * HOUR_MS,
  12 * HOUR_MS,
  20 * HOUR_MS,
  24 * HOUR_MS,
];
