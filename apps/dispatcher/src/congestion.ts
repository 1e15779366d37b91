import type { Clock } from "@postrider/kit-lifecycle";

/** How often it is looked at, while anything waits; milliseconds. */
const TICK_MS = 20;
/** Callbacks that come this late mean that the process has more to do than it can; milliseconds. */
const LATE_MS = 20;
/** What a tick leaves of the lateness of those before: one quiet moment among late ones is no relief. */
const MEMORY = 0.8;
/** Deliveries that may wait for a place at their endpoints while the process is late: some tenths of a second's work. */
const MAX_WAITING = 4096;

export interface CongestionOptions {
  readonly clock: Clock;
  /** How many deliveries wait for a place at their endpoints. */
  readonly waiting: () => number;
  /** The process has enough to do: no more should be read until {@link release}. */
  readonly hold: () => void;
  readonly release: () => void;
}

/**
 * Tells when this process itself, and no endpoint, is what deliveries wait for: many wait, and its callbacks come late.
 * Then reading holds, and the log keeps what can't be sent yet. Taken in, it would wait at its endpoints for too long
 * and be deferred: written and read once more, when there is too much to do already. Where many wait and the process is
 * on time, endpoints are slow: then reading goes on, for the others.
 */
export class Congestion {
  readonly #options: CongestionOptions;
  #lateMs = 0;
  #isTicking = false;
  #isHeld = false;

  constructor(options: CongestionOptions) {
    this.#options = options;
  }

  /** There is more to do. Looks again from time to time, until nothing waits. */
  note(): void {
    if (this.#isTicking || this.#options.waiting() === 0) return;
    this.#isTicking = true;
    const { clock } = this.#options;
    const plannedUs = clock.monotonicUs() + TICK_MS * 1000;
    clock.after(TICK_MS, () => {
      this.#tick((clock.monotonicUs() - plannedUs) / 1000);
    });
  }

  #tick(lateMs: number): void {
    const { waiting, hold, release } = this.#options;
    const waitingCount = waiting();
    this.#lateMs = Math.max(lateMs, this.#lateMs * MEMORY);
    const isCongested = waitingCount > (this.#isHeld ? MAX_WAITING / 2 : MAX_WAITING) && this.#lateMs > LATE_MS;
    if (isCongested !== this.#isHeld) {
      this.#isHeld = isCongested;
      if (isCongested) hold();
      else release();
    }
    this.#isTicking = false;
    this.note();
  }
}
