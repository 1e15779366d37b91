/** What an endpoint without history is given: enough for most, and few sockets if it never answers. */
export const INITIAL_IN_FLIGHT = 8;

/** The slowest that an endpoint is sent to which says that it gets too much: one attempt in this time, milliseconds. */
const LONGEST_INTERVAL_MS = 5000;

/**
 * Below one, the n-th success in a row lets the limit grow by n of these parts. Slow at first, so that few attempts are
 * turned away by an endpoint that takes no more; faster and faster for one that recovered.
 */
const PARTS = 64;

/** What remains of the limit when the endpoint can't take it. */
const DECREASE = 0.5;

/**
 * How many attempts may be with an endpoint at a time: additive increase, multiplicative decrease (as TCP, RFC 5681).
 * Until the first sign of congestion it grows by one per success, so doubles per round trip; from then on by one per
 * round trip. An endpoint that answers fast may get too much from one attempt after another: then the limit falls below
 * one, which means one at a time and a pause before the next. Mutable; no clock of its own.
 *
 * Invariants: at most the greatest one, and from 1 on for how many may be in flight; one burst of failures halves it once.
 */
export class AdaptiveLimit {
  #max: number;
  /** A fraction, so that the successes of one round trip add up to one. */
  #limit: number;
  #isSlowStart = true;
  #decreasedAtMs = -Infinity;
  /** Successes since the last decrease, as long as the limit is below one. */
  #successes = 0;

  /** @param max the greatest limit, a whole number, 1 or more */
  constructor(max: number) {
    this.#max = max;
    this.#limit = Math.min(INITIAL_IN_FLIGHT, max);
  }

  /** How many may be in flight: a whole number, 1 or more. */
  get current(): number {
    return Math.max(1, Math.floor(this.#limit));
  }

  /** How long one attempt takes up the endpoint if each takes `latencyMs`: the inverse of the rate that it can take. */
  intervalMs(latencyMs: number): number {
    return latencyMs / this.#limit;
  }

  /** How long after a start the next one may come; 0 unless the limit is below one. */
  paceMs(latencyMs: number): number {
    return this.#limit < 1 ? this.intervalMs(latencyMs) : 0;
  }

  /** A lower one counts at once; a higher one is reached as the endpoint proves that it can take it. */
  setMax(max: number): void {
    this.#max = max;
    this.#limit = Math.min(max, this.#isSlowStart ? Math.max(this.#limit, INITIAL_IN_FLIGHT) : this.#limit);
  }

  /** An attempt went well while all of the limit was in use and more waited. Else it would say nothing about more. */
  increase(): void {
    if (this.#limit >= 1) {
      this.#limit = Math.min(this.#max, this.#limit + (this.#isSlowStart ? 1 : 1 / this.#limit));
      return;
    }
    this.#successes++;
    this.#limit = Math.min(1, this.#limit * (this.#isSlowStart ? 2 : 1 + this.#successes / PARTS));
  }

  /**
   * An attempt that began at `startedAtMs` met congestion. One that began before the last decrease met the same, and does
   * not count again: so the failures of one round trip are one.
   * @param least not below this, above 0: 1, or what {@link leastOf} gives
   */
  decrease(nowMs: number, startedAtMs: number, least: number): void {
    // A last decrease that lies ahead was of a clock that stepped back since.
    if (startedAtMs <= this.#decreasedAtMs && this.#decreasedAtMs <= nowMs) return;
    this.#limit = Math.max(Math.min(this.#limit, least), this.#limit * DECREASE);
    this.#decreasedAtMs = nowMs;
    this.#successes = 0;
    this.#isSlowStart = false;
  }

  /** The endpoint came back from a failure: what it can take is as unknown as at first, so it is found out as quickly. */
  restart(): void {
    this.#isSlowStart = true;
  }
}

/** The limit with which an endpoint whose attempts take `latencyMs` is sent to as slowly as it ever is. */
export function leastOf(latencyMs: number): number {
  return Math.min(1, latencyMs / LONGEST_INTERVAL_MS);
}
