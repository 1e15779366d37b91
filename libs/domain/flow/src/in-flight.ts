/**
 * What the average remembers: latencies count by the time that passed since the one before, so that a moment's delay, at
 * whose end many answers come at once, counts for that moment only.
 */
const MEMORY_MS = 500;
/** Counted at least, since answers of the same millisecond are answers too. */
const LEAST_MS = 0.2;
/** Assumed until the first attempt ended. */
const UNKNOWN_LATENCY_MS = 20;

/** The attempts that are with an endpoint now, and how long such attempts take. Mutable; no clock of its own. */
export class InFlight {
  /** Ascending; at most the endpoint's greatest number in flight, so that moving its entries is cheap. */
  readonly #startedAtMs: number[] = [];
  #averageMs: number | undefined;
  #lastFinishMs = 0;

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
  end(nowMs: number, latencyMs: number): void {
    const { length } = this.#startedAtMs;
    if (length === 0) return;
    // By hand: splice would make an array of what it takes out, at each attempt.
    for (let index = this.#indexOfStart(nowMs - latencyMs) + 1; index < length; index++) {
      this.#startedAtMs[index - 1] = this.#startedAtMs[index] ?? 0;
    }
    this.#startedAtMs.pop();
  }

  /** Lets the latency of one that ended count in the average. */
  learn(nowMs: number, latencyMs: number): void {
    const weight = 1 - Math.exp(-Math.max(LEAST_MS, nowMs - this.#lastFinishMs) / MEMORY_MS);
    this.#lastFinishMs = nowMs;
    this.#averageMs =
      this.#averageMs === undefined ? latencyMs : this.#averageMs + weight * (latencyMs - this.#averageMs);
  }

  /** How long an attempt takes, in milliseconds, 1 or more: the average of those that ended lately. */
  get latencyMs(): number {
    return Math.max(1, this.#averageMs ?? UNKNOWN_LATENCY_MS);
  }

  /**
   * How much longer than usual those in flight are out already, by the middle one; milliseconds, 0 or more. So an endpoint
   * that begins to hang is known to be slow before anything timed out, and one attempt that hangs among many that don't
   * says nothing about the endpoint.
   */
  overdueMs(nowMs: number): number {
    const middle = this.#startedAtMs[(this.#startedAtMs.length - 1) >> 1] ?? nowMs;
    return Math.max(0, nowMs - middle - this.latencyMs);
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
