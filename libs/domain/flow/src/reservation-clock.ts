/**
 * How far a delivery is put off at most: this, doubled until it is as long as it has waited. A timing wheel has steps of the
 * same lengths: what is put off for one of them costs one copy there, and anything else up to four.
 */
const STEP_MS = 60 * 1000;
/** Added, so that it still is a whole step when it gets to the wheel. */
const MARGIN_MS = 2000;

/** A slot further away would trust the measured capacity too long; whoever gets this one asks again then. */
export const MAX_RESERVATION_MS = 60 * STEP_MS + MARGIN_MS;

/** The furthest slot of one that has not waited yet. */
export const FIRST_RESERVATION_MS = STEP_MS + MARGIN_MS;

/** What a slot is to keep to. */
export interface Reservation {
  /** Nothing may start before, milliseconds since the epoch; may have passed. */
  readonly blockedUntilMs: number;
  /** From one slot to the next, milliseconds: the inverse of the rate that the endpoint can take. */
  readonly intervalMs: number;
  /** For how long the delivery has waited for this endpoint, milliseconds. */
  readonly waitedMs: number;
}

/**
 * Hands out the times at which deliveries that found no room come back, one after the other, so that they come as the
 * endpoint can take them. Mutable; no clock of its own.
 *
 * A delivery is put off for about as long as it has waited already (a minute at first, then two, four, ... an hour at
 * last), and less than twice as long. So a backlog comes back soon after its endpoint does, in about the time that this
 * took; and each delivery is put off a number of times that grows with the logarithm of its wait only.
 *
 * Invariants, as long as `nowMs` and `blockedUntilMs` never fall: each slot lies `leastWaitMs` ahead or more, not before
 * the block's end, and within the bound after now or the block's end; those that no bound cuts ascend.
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

  /** The next slot, whole milliseconds since the epoch. */
  reserve(nowMs: number, { blockedUntilMs, intervalMs, waitedMs }: Reservation): number {
    const opensAtMs = Math.max(nowMs, blockedUntilMs);
    // After a step back of the wall clock, the last slot may lie further ahead than any that is given.
    const lastMs = Math.min(this.#slotAtMs, opensAtMs + MAX_RESERVATION_MS);
    const boundMs = boundOf(waitedMs);
    const slotAtMs = Math.min(
      Math.max(nowMs + this.#leastWaitMs, blockedUntilMs, lastMs) + intervalMs,
      opensAtMs + boundMs,
    );
    // One that is cut takes no slot away from those who may wait longer.
    this.#slotAtMs = Math.max(lastMs, slotAtMs);
    return Math.ceil(slotAtMs);
  }
}

function boundOf(waitedMs: number): number {
  const doublings = Math.max(0, Math.ceil(Math.log2(waitedMs / STEP_MS)));
  return Math.min(STEP_MS * 2 ** doublings + MARGIN_MS, MAX_RESERVATION_MS);
}
