import type { Cancel } from "@postrider/kit-lifecycle";
import { type Timer, TimerHeap } from "./timer-heap.ts";

/** 2026-01-01T00:00:00Z: a fixed start, so that what is printed is the same on every run. */
export const START_MS = 1_767_225_600_000;

/**
 * The time of the simulated world. It stands still while anything runs, and jumps to the next timer when nothing does.
 *
 * One timer is called at a time, and then every microtask that follows from it runs before the next: so what happens in
 * which order depends on nothing but the timers.
 */
export class VirtualTime {
  readonly #timers = new TimerHeap();
  #nowMs = START_MS;

  /** Milliseconds since the epoch, as no machine of the world knows them exactly. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** Calls back once after that many milliseconds, with fractions. */
  after(delayMs: number, callback: () => void): Cancel {
    const timer: Timer = { atMs: this.#nowMs + Math.max(0, delayMs), callback };
    this.#timers.push(timer);
    return () => {
      timer.callback = undefined;
    };
  }

  /** Lets the world run until then. */
  async runUntil(untilMs: number): Promise<void> {
    await drainMicrotasks();
    for (let timer = this.#timers.takeDue(untilMs); timer !== undefined; timer = this.#timers.takeDue(untilMs)) {
      this.#nowMs = timer.atMs;
      timer.callback?.();
      await drainMicrotasks();
    }
    this.#nowMs = untilMs;
  }
}

/** A macrotask runs only when the microtask queue is empty. */
async function drainMicrotasks(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}
