/** An endpoint may ask to be left alone for a day at most: more looks like a mistake, and would outlive retention. */
export const MAX_HOLDBACK_MS = 24 * 60 * 60 * 1000;

/** For how long a wait counts that was asked for, and whether that is less than was asked; milliseconds. */
export interface ClampedWait {
  readonly waitMs: number;
  readonly isClamped: boolean;
}

/** Bounds a wait that an endpoint asked for: 0 or more up to {@link MAX_HOLDBACK_MS}. */
export function clampHoldback(askedMs: number): ClampedWait {
  const isClamped = askedMs > MAX_HOLDBACK_MS;
  return { waitMs: isClamped ? MAX_HOLDBACK_MS : Math.max(0, askedMs), isClamped };
}

/** The time until which an endpoint asked to be left alone. It only moves ahead. Mutable; no clock of its own. */
export class Holdback {
  #untilMs = 0;
  /** How long the last wait was, and what share of the time up to its end the endpoint took anything. */
  #lastWaitMs = 0;
  #openShare = 1;

  /** Milliseconds since the epoch; may have passed. */
  get untilMs(): number {
    return this.#untilMs;
  }

  /** The endpoint asked for a wait from now on. A shorter one does not end a longer one: attempts end out of order. */
  push(nowMs: number, askedMs: number): ClampedWait {
    const clamped = clampHoldback(askedMs);
    if (nowMs >= this.#untilMs && clamped.waitMs > 0) {
      // What was answered together is one wait; one that comes while it lasts is none of its own.
      const openMs = Math.max(1, nowMs - this.#untilMs);
      this.#lastWaitMs = clamped.waitMs;
      this.#openShare = openMs / (openMs + clamped.waitMs);
    }
    // One further ahead than any wait was asked under a clock that stepped back since.
    const leftMs = Math.min(this.#untilMs - nowMs, MAX_HOLDBACK_MS);
    this.#untilMs = Math.ceil(nowMs + Math.max(clamped.waitMs, leftMs));
    return clamped;
  }

  /** The wall clock was set by so much. */
  shift(byMs: number): void {
    this.#untilMs += byMs;
  }

  /**
   * What share of the time the endpoint takes anything, above 0 up to 1: one that is open for 100 ms and then asks for a
   * second, again and again, takes a tenth of what it seems to take.
   */
  openShare(nowMs: number): number {
    const openMs = Math.max(0, nowMs - this.#untilMs);
    return Math.max(this.#openShare, openMs / (openMs + this.#lastWaitMs || 1));
  }
}
