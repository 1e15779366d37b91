/** What an endpoint without history is given: enough for most, and few sockets if it never answers. */
export const INITIAL_IN_FLIGHT = 8;

/** What remains of the limit when the endpoint can't take it. */
const DECREASE = 0.5;

/**
 * How many attempts may be with an endpoint at a time: additive increase, multiplicative decrease (as TCP, RFC 5681).
 * Until the first sign of congestion it grows by one per success, so doubles per round trip; from then on by one per
 * round trip. Mutable; no clock of its own.
 *
 * Invariants: always a whole number from 1 to the greatest one; one burst of failures halves it once.
 */
export class AdaptiveLimit {
  #max: number;
  /** A fraction, so that the successes of one round trip add up to one. */
  #limit: number;
  #isSlowStart = true;
  #decreasedAtMs = -Infinity;

  /** @param max the greatest limit, a whole number, 1 or more */
  constructor(max: number) {
    this.#max = max;
    this.#limit = Math.min(INITIAL_IN_FLIGHT, max);
  }

  get current(): number {
    return Math.floor(this.#limit);
  }

  /** A lower one counts at once; a higher one is reached as the endpoint proves that it can take it. */
  setMax(max: number): void {
    this.#max = max;
    this.#limit = Math.min(max, this.#isSlowStart ? Math.max(this.#limit, INITIAL_IN_FLIGHT) : this.#limit);
  }

  /** An attempt went well while all of the limit was in use and more waited. Else it would say nothing about more. */
  increase(): void {
    this.#limit = Math.min(this.#max, this.#limit + (this.#isSlowStart ? 1 : 1 / this.#limit));
  }

  /**
   * An attempt that began at `startedAtMs` met congestion. One that began before the last decrease met the same, and does
   * not count again: so the failures of one round trip are one.
   */
  decrease(nowMs: number, startedAtMs: number): void {
    // A last decrease that lies ahead was of a clock that stepped back since.
    if (startedAtMs <= this.#decreasedAtMs && this.#decreasedAtMs <= nowMs) return;
    this.#limit = Math.max(1, this.#limit * DECREASE);
    this.#decreasedAtMs = nowMs;
    this.#isSlowStart = false;
  }

  /** The endpoint came back from a failure: what it can take is as unknown as at first, so it is found out as quickly. */
  restart(): void {
    this.#isSlowStart = true;
  }
}
