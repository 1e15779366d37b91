/** The weight of the newest latency in the average: about the last ten count. */
const EWMA_WEIGHT = 0.2;
/** Assumed until the first attempt ended. */
const UNKNOWN_LATENCY_MS = 20;

/** The attempts that are with an endpoint now, and how long such attempts take. Mutable; no clock of its own. */
export class InFlight {
  /** Ascending; at most the endpoint's greatest number in flight, so that moving its entries is cheap. */
  readonly #startedAtMs: number[] = [];
  #averageMs: number | undefined;

  get count(): number {
    return this.#startedAtMs.length;
  }

  /** Undefined when nothing is in flight. */
  get oldestStartedAtMs(): number | undefined {
    return this.#startedAtMs[0];
  }

  start(nowMs: number): void {
    // The wall clock may step back; the order may not.
    this.#startedAtMs.push(Math.max(nowMs, this.#startedAtMs.at(-1) ?? nowMs));
  }

  /** Takes out the attempt that began `latencyMs` ago; the nearest one if the caller measured with another clock. */
  finish(nowMs: number, latencyMs: number): void {
    this.#startedAtMs.splice(this.#indexOfStart(nowMs - latencyMs), 1);
    this.#averageMs =
      this.#averageMs === undefined ? latencyMs : this.#averageMs + EWMA_WEIGHT * (latencyMs - this.#averageMs);
  }

  /**
   * How long an attempt takes, in milliseconds, 1 or more: the average of those that ended, or the age of the middle one
   * in flight if that is more. So an endpoint that begins to hang is known to be slow before anything timed out, and one
   * attempt that hangs among many that don't says nothing about the endpoint.
   */
  estimateLatencyMs(nowMs: number): number {
    const middle = this.#startedAtMs[(this.#startedAtMs.length - 1) >> 1] ?? nowMs;
    return Math.max(1, this.#averageMs ?? UNKNOWN_LATENCY_MS, nowMs - middle);
  }

  /** The last one that began at this time or before; the first one if none did. */
  #indexOfStart(startedAtMs: number): number {
    let low = 0;
    let high = this.#startedAtMs.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#startedAtMs[middle] ?? Infinity) <= startedAtMs) low = middle + 1;
      else high = middle;
    }
    return Math.max(0, low - 1);
  }
}
