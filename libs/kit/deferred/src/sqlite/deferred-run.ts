import { pause, type Cancel, type Clock } from "@postrider/kit-lifecycle";
import { SqliteError, type Sqlite } from "@postrider/kit-sqlite";
import { DeferredError, type RunDeferredOptions } from "../deferred.ts";
import { longestSleepMs, postpone, tryToHandle } from "../postpone.ts";
import { DuePage } from "./due-page.ts";
import { readTasksAfter, storeSettlement, type StoredTask } from "./due-table.ts";

/** Between two tries of something that SQLite refused: doubling from the first to the last. */
const firstRetryMs = 50;
const lastRetryMs = 5_000;

/** Handlings whose outcome is not yet written down; only a disk that refuses writes brings it near. */
const maxUnsettled = 4_096;

export interface DeferredRunOptions extends RunDeferredOptions {
  readonly sqlite: Sqlite;
  readonly clock: Clock;
}

/**
 * One run: hands out, reads ahead, writes outcomes down.
 *
 * A task leaves the table only after its handling, so a crash, or a deletion that could not be written, costs a
 * repetition and never a task.
 */
export class DeferredRun {
  readonly #options: DeferredRunOptions;
  readonly #signal: AbortSignal;
  readonly #page = new DuePage();
  readonly #ended = Promise.withResolvers<undefined>();
  /** Tasks that were written while a read was under way: only its result tells whether it brought them. */
  #arrivedWhileReading: StoredTask[] | undefined;
  /** Ids of tasks in flight, and of those whose outcome is not yet written down. */
  readonly #takenIds = new Set<number>();
  #inFlightCount = 0;
  /** Outcomes for the next write. */
  #finished: StoredTask[] = [];
  #postponed: StoredTask[] = [];
  #isSettling = false;
  #cancelTimer: Cancel = () => undefined;
  #failure: DeferredError | undefined;

  constructor(options: DeferredRunOptions, signal: AbortSignal) {
    this.#options = options;
    this.#signal = signal;
  }

  async run(): Promise<void> {
    const advance = (): void => {
      this.#advance();
    };
    this.#signal.addEventListener("abort", advance);
    this.#advance();
    await this.#ended.promise;
    this.#signal.removeEventListener("abort", advance);
    this.#cancelTimer();
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** To be told of every task that was written. */
  arrive(tasks: readonly StoredTask[]): void {
    if (this.#arrivedWhileReading !== undefined) this.#arrivedWhileReading.push(...tasks);
    else for (const stored of tasks) this.#page.arrive(stored);
    this.#advance();
  }

  get #isStopping(): boolean {
    return this.#signal.aborted || this.#failure !== undefined;
  }

  /** Does everything that can be done now. Called whenever something has changed. */
  #advance(): void {
    this.#cancelTimer();
    if (this.#isStopping) {
      if (this.#inFlightCount === 0 && !this.#isSettling) this.#ended.resolve(undefined);
      return;
    }
    this.#handOutDue();
    if (this.#page.isLow && this.#arrivedWhileReading === undefined) void this.#readAhead();
    this.#setTimer();
  }

  #handOutDue(): void {
    const nowMs = this.#options.clock.nowMs();
    while (this.#hasRoom()) {
      const next = this.#page.peek();
      if (next === undefined || next.handOutAtMs > nowMs) return;
      this.#page.take();
      void this.#handle(next);
    }
  }

  #hasRoom(): boolean {
    const unsettledCount = this.#takenIds.size - this.#inFlightCount;
    return this.#inFlightCount < this.#options.maxInFlight && unsettledCount < maxUnsettled;
  }

  /** Without room there is no timer: the end of a handling comes back to {@link #advance}. */
  #setTimer(): void {
    const next = this.#page.peek();
    if (next === undefined || !this.#hasRoom()) return;
    const sleepMs = Math.min(Math.max(next.handOutAtMs - this.#options.clock.nowMs(), 0), longestSleepMs);
    this.#cancelTimer = this.#options.clock.after(Math.ceil(sleepMs), () => {
      this.#advance();
    });
  }

  async #handle(stored: StoredTask): Promise<void> {
    this.#takenIds.add(stored.id);
    this.#inFlightCount++;
    const hasFinished = await tryToHandle(stored.task, this.#options.onDue);
    this.#inFlightCount--;
    if (hasFinished) this.#finished.push(stored);
    else this.#postponed.push(postpone(stored, this.#options.clock.nowMs()));
    if (!this.#isSettling) void this.#settle();
    this.#advance();
  }

  /** Writes outcomes down, one write at a time; what ends meanwhile gathers into the next. */
  async #settle(): Promise<void> {
    this.#isSettling = true;
    while (this.#finished.length + this.#postponed.length > 0) {
      const settlement = { finished: this.#finished, postponed: this.#postponed };
      this.#finished = [];
      this.#postponed = [];
      const outcome = await this.#retry(() => storeSettlement(this.#options.sqlite, settlement));
      if (outcome === undefined) continue; // The run is to end: the next one hands these out again.
      for (const { id } of [...settlement.finished, ...settlement.postponed]) this.#takenIds.delete(id);
      this.arrive(settlement.postponed);
    }
    this.#isSettling = false;
    this.#advance();
  }

  async #readAhead(): Promise<void> {
    const arrived: StoredTask[] = [];
    this.#arrivedWhileReading = arrived;
    const { horizon } = this.#page;
    const outcome = await this.#retry(() => readTasksAfter(this.#options.sqlite, horizon));
    this.#arrivedWhileReading = undefined;
    if (outcome !== undefined) {
      this.#page.extend(outcome.value, this.#takenIds);
      const readIds = new Set(outcome.value.map(({ id }) => id));
      for (const stored of arrived) if (!readIds.has(stored.id)) this.#page.arrive(stored);
    }
    this.#advance();
  }

  /**
   * Tries until it works. Undefined if the run is to end: the file is closed or damaged, or it failed while stopping
   * (what is not written down is handed out again by the next run).
   */
  async #retry<T>(attempt: () => Promise<T>): Promise<{ readonly value: T } | undefined> {
    for (let retryMs = firstRetryMs; ; retryMs = Math.min(retryMs * 2, lastRetryMs)) {
      try {
        return { value: await attempt() };
      } catch (error) {
        const words = error instanceof Error ? error.message : String(error);
        if (!mayPass(error))
          this.#failure ??= new DeferredError("unavailable", `deferred tasks: ${words}`, { cause: error });
        if (this.#isStopping) return undefined;
        await pause(this.#options.clock, retryMs, this.#signal);
      }
    }
  }
}

function mayPass(error: unknown): boolean {
  return error instanceof SqliteError && error.code !== "closed" && error.code !== "corrupt";
}
