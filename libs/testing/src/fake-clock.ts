import type { Cancel, Clock, EpochMs } from "@postrider/kit-lifecycle";

interface Alarm {
  readonly dueMs: EpochMs;
  readonly order: number;
  readonly callback: () => void;
}

/** 2026-01-01T00:00:00Z: a fixed start, so that what a test prints is the same on every run. */
const DEFAULT_START_MS = 1_767_225_600_000;

/**
 * A Clock that stands still until the test moves it. Callbacks run inside {@link FakeClock.advance}, in the order
 * of their due times (equal times: in the order they were asked for), and see the time they were due at.
 */
export class FakeClock implements Clock {
  #nowMs: EpochMs;
  readonly #startMs: EpochMs;
  #order = 0;
  readonly #alarms = new Set<Alarm>();

  constructor(startMs: EpochMs = DEFAULT_START_MS) {
    this.#nowMs = startMs;
    this.#startMs = startMs;
  }

  readonly nowMs = (): EpochMs => this.#nowMs;

  readonly monotonicUs = (): number => (this.#nowMs - this.#startMs) * 1000;

  readonly after = (delayMs: number, callback: () => void): Cancel => {
    this.#order += 1;
    const alarm: Alarm = { dueMs: this.#nowMs + Math.max(0, delayMs), order: this.#order, callback };
    this.#alarms.add(alarm);
    return () => {
      this.#alarms.delete(alarm);
    };
  };

  /** Callbacks that wait for their time: 0 after everything was cancelled or has run. */
  get pendingCount(): number {
    return this.#alarms.size;
  }

  /** Moves the time by `ms`, running what becomes due, also what those callbacks ask for within it. */
  advance(ms: number): void {
    if (ms < 0) throw new RangeError(`advance(${ms}): time does not run backwards`);
    const untilMs = this.#nowMs + ms;
    for (let alarm = this.#findNext(untilMs); alarm !== undefined; alarm = this.#findNext(untilMs)) {
      this.#alarms.delete(alarm);
      this.#nowMs = Math.max(this.#nowMs, alarm.dueMs);
      alarm.callback();
    }
    this.#nowMs = untilMs;
  }

  /** Moves the time by `ms` as a process that is busy for so long sees it: what became due meanwhile runs late, at its end. */
  stall(ms: number): void {
    if (ms < 0) throw new RangeError(`stall(${ms}): time does not run backwards`);
    this.#nowMs += ms;
    this.advance(0);
  }

  /**
   * Like {@link FakeClock.advance}, but lets promises settle before each callback and at the end, so that code
   * which awaits between two timers gets to ask for the second one.
   */
  async advanceAsync(ms: number): Promise<void> {
    if (ms < 0) throw new RangeError(`advanceAsync(${ms}): time does not run backwards`);
    const untilMs = this.#nowMs + ms;
    await settlePromises();
    for (let alarm = this.#findNext(untilMs); alarm !== undefined; alarm = this.#findNext(untilMs)) {
      this.#alarms.delete(alarm);
      this.#nowMs = Math.max(this.#nowMs, alarm.dueMs);
      alarm.callback();
      await settlePromises();
    }
    this.#nowMs = untilMs;
  }

  #findNext(untilMs: EpochMs): Alarm | undefined {
    let next: Alarm | undefined;
    for (const alarm of this.#alarms) {
      if (alarm.dueMs > untilMs) continue;
      if (next === undefined || alarm.dueMs < next.dueMs || (alarm.dueMs === next.dueMs && alarm.order < next.order)) {
        next = alarm;
      }
    }
    return next;
  }
}

/** A macrotask runs only when the microtask queue is empty. */
function settlePromises(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
