/** A slot further away would trust the measured capacity too long; whoever gets this one asks again then. */
export const MAX_RESERVATION_MS = 60 * 60 * 1000;

/**
 * Hands out the times at which deliveries that found no room come back, one after the other, so that they come as the
 * endpoint can take them. Mutable; no clock of its own.
 *
 * Invariants, as long as `nowMs` and `blockedUntilMs` never fall: slots ascend; each lies `leastWaitMs` ahead or more,
 * not before `blockedUntilMs`, and at most {@link MAX_RESERVATION_MS} after now or after the block's end.
 */
export class ReservationClock {
  readonly #leastWaitMs: number;
  /** The last slot that was given away. A fraction of a millisecond, for high rates. */
  #slotAtMs = 0;

  /** @param leastWaitMs for less, it is not worth being put away */
  constructor(leastWaitMs: number) {
    this.#leastWaitMs = leastWaitMs;
  }

  /** Whether somebody still waits for a slot. */
  isAhead(nowMs: number): boolean {
    return this.#slotAtMs > nowMs;
  }

  /**
   * The next slot, whole milliseconds since the epoch.
   * @param blockedUntilMs nothing may start before, milliseconds since the epoch; may have passed
   * @param intervalMs from one slot to the next: the inverse of the rate that the endpoint can take
   */
  reserve(nowMs: number, blockedUntilMs: number, intervalMs: number): number {
    const slotAtMs = Math.max(nowMs + this.#leastWaitMs, blockedUntilMs, this.#slotAtMs) + intervalMs;
    this.#slotAtMs = Math.min(slotAtMs, Math.max(nowMs, blockedUntilMs) + MAX_RESERVATION_MS);
    return Math.ceil(this.#slotAtMs);
  }
}
