import type { Cancel, Clock } from "@postrider/kit-lifecycle";
import { START_MS, type VirtualTime } from "./virtual-time.ts";

/** A timer of a busy process fires up to this much after its time, milliseconds. */
const MAX_TIMER_LATENESS_MS = 1.5;

export interface MachineOptions {
  readonly time: VirtualTime;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** By how much its wall clock is ahead, milliseconds. */
  readonly aheadMs: number;
  readonly onKilled: () => void;
}

/**
 * What a process runs on: its clocks and its life. Once it was killed none of its timers fires and nothing that it waits
 * for comes, as if the power had gone.
 */
export class Machine {
  readonly #time: VirtualTime;
  readonly #random: () => number;
  #aheadMs: number;
  #isAlive = true;
  #timerCount = 0;
  #pointsUntilKill = Infinity;
  readonly #onKilled: () => void;

  constructor({ time, random, aheadMs, onKilled }: MachineOptions) {
    this.#time = time;
    this.#random = random;
    this.#aheadMs = aheadMs;
    this.#onKilled = onKilled;
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  /** By how much its wall clock is ahead of the world's time; milliseconds. */
  get aheadMs(): number {
    return this.#aheadMs;
  }

  /** Timers that wait. */
  get timerCount(): number {
    return this.#timerCount;
  }

  readonly clock: Clock = {
    nowMs: () => Math.floor(this.#time.nowMs + this.#aheadMs),
    monotonicUs: () => (this.#time.nowMs - START_MS) * 1000,
    after: (delayMs, callback) => this.later(Math.max(1, delayMs) + this.#random() * MAX_TIMER_LATENESS_MS, callback),
  };

  /** Steps the wall clock; the monotonic one goes on as if nothing had been. */
  setClockAhead(aheadMs: number): void {
    this.#aheadMs = aheadMs;
  }

  /** Calls back after exactly that long, if the machine lives then. */
  later(delayMs: number, callback: () => void): Cancel {
    this.#timerCount += 1;
    let isOpen = true;
    const close = (): boolean => {
      const wasOpen = isOpen;
      isOpen = false;
      if (wasOpen) this.#timerCount -= 1;
      return wasOpen;
    };
    const cancel = this.#time.after(delayMs, () => {
      if (close() && this.#isAlive) callback();
    });
    return () => {
      if (close()) cancel();
    };
  }

  /** Resolves after exactly that long; never, once the machine was killed. */
  async wait(delayMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      this.later(delayMs, resolve);
    });
  }

  /** Kills it when it comes to that many more points, 1 or more; Infinity: not at all. */
  armKill(points: number): void {
    this.#pointsUntilKill = points;
  }

  /**
   * To be passed before and after everything that a process does to the world. Resolves at once, or never, if this was
   * where it is killed. Synchronous where it counts: the machine is dead when it returns.
   */
  async pass(): Promise<void> {
    this.#pointsUntilKill -= 1;
    if (this.#pointsUntilKill === 0) this.kill();
    if (!this.#isAlive) await new Promise<never>(() => undefined);
  }

  kill(): void {
    if (!this.#isAlive) return;
    this.#isAlive = false;
    this.#onKilled();
  }
}
