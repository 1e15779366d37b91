import type { EndpointLimits } from "./endpoint-limits.ts";

/**
 * How far ahead of its time an attempt may start, in milliseconds: as late as a timer of a busy process fires. Without it
 * each late start would lower the rate for good. Small enough that no second has a tenth more than its rate.
 */
const TOLERANCE_MS = 30;

/**
 * Keeps starts to a rate: the generic cell rate algorithm (ITU-T I.371). In any `w` milliseconds at most
 * `rate * (w + 30) / 1000 + burst` attempts start.
 */
export class StartClock {
  #intervalMs = 0;
  #toleranceMs = TOLERANCE_MS;
  /** When the next start is due if all keep the exact rate. */
  #dueAtMs = 0;

  /** What was started before counts at the old rate. */
  setRate({ ratePerSecond, burst = 1 }: Pick<EndpointLimits, "ratePerSecond" | "burst">): void {
    this.#intervalMs = ratePerSecond === undefined ? 0 : 1000 / ratePerSecond;
    this.#toleranceMs = (burst - 1) * this.#intervalMs + TOLERANCE_MS;
  }

  /** Between two starts at the exact rate; 0 without a rate. */
  get intervalMs(): number {
    return this.#intervalMs;
  }

  /** From when on a start is within the rate, milliseconds since the epoch. May have passed. */
  get nextStartAtMs(): number {
    return this.#intervalMs === 0 ? 0 : Math.ceil(this.#dueAtMs - this.#toleranceMs);
  }

  start(nowMs: number): void {
    this.#dueAtMs = Math.max(nowMs, this.#dueAtMs) + this.#intervalMs;
  }

  /** The wall clock was set by so much. */
  shift(byMs: number): void {
    this.#dueAtMs += byMs;
  }
}
