import { pause, type Clock } from "@postrider/kit-lifecycle";
import type { Sqlite } from "@postrider/kit-sqlite";
import {
  LogError,
  type LogReader,
  type LogRecord,
  type Position,
  type ReadBackRange,
  type ReaderEvents,
} from "./event-log.ts";
import { createLogError, mayPass } from "./log-failure.ts";
import { loadPosition, storePositions, type Reading } from "./positions.ts";
import { findEndOffset, onlyPartition, readBack, readPage } from "./record-pages.ts";
import type { Tail, Topic } from "./topic.ts";

/** Between two tries of a read that failed: doubling from the first to the last. */
const firstRetryMs = 50;
const lastRetryMs = 5_000;

export interface SqliteLogReaderOptions {
  readonly sqlite: Sqlite;
  readonly topic: Topic;
  readonly group: string;
  readonly clock: Clock;
  /** Aborted when the log is closed. */
  readonly closed: AbortSignal;
}

/**
 * Reads pages while it is behind. Once its next offset is the topic's end it waits, and takes committed appends from
 * memory: an offer is taken only if it starts at the next offset, so anything missed (paused, out of turn) is read
 * from the table instead, and the order is the table's in any case.
 */
export class SqliteLogReader implements LogReader, Tail {
  readonly #options: SqliteLogReaderOptions;
  readonly #reading: Reading;
  /** The owner, until the run is stopped. */
  #events: ReaderEvents | undefined;
  #nextOffset = 0;
  #isPaused = false;
  /** Whether the loop waits, so that offers may be taken. */
  #isWaiting = false;
  #wake: () => void = () => undefined;
  /** What the owner's `records` threw while an offer was being taken. */
  #thrown: { readonly error: unknown } | undefined;

  constructor(options: SqliteLogReaderOptions) {
    this.#options = options;
    this.#reading = { topic: options.topic.settings.name, group: options.group };
  }

  async run(events: ReaderEvents, signal: AbortSignal): Promise<void> {
    this.#assertOpen();
    const { topic, group, closed } = this.#options;
    if (topic.tails.has(group)) {
      throw new LogError("refused", `topic ${topic.settings.name}: group ${group} is being read already`);
    }
    // From here on appends move the topic's end; what was there before is asked for.
    topic.tails.set(group, this);
    const stop = AbortSignal.any([signal, closed]);
    this.#events = events;
    const handleStop = (): void => {
      this.#events = undefined;
      this.#isWaiting = false;
      this.#wake();
    };
    stop.addEventListener("abort", handleStop);
    try {
      await this.#start(stop);
      await this.#readOn(stop);
      if (!signal.aborted) this.#assertOpen();
    } finally {
      this.#events = undefined;
      topic.tails.delete(group);
      stop.removeEventListener("abort", handleStop);
    }
  }

  pause(partition: number): void {
    if (partition === onlyPartition) this.#isPaused = true;
  }

  resume(partition: number): void {
    if (partition !== onlyPartition) return;
    this.#isPaused = false;
    this.#wake();
  }

  async commit(positions: readonly Position[]): Promise<void> {
    this.#assertOpen();
    try {
      await storePositions(this.#options.sqlite, this.#reading, positions);
    } catch (error) {
      throw createLogError(`topic ${this.#reading.topic}: commit of group ${this.#reading.group}`, error);
    }
  }

  async *readBack(range: ReadBackRange): AsyncGenerator<readonly LogRecord[]> {
    this.#assertOpen();
    if (range.partition !== onlyPartition) return;
    try {
      yield* readBack(this.#options.sqlite, this.#options.topic, range);
    } catch (error) {
      throw createLogError(`topic ${this.#reading.topic}: reading back`, error);
    }
  }

  offer(records: readonly LogRecord[]): void {
    if (!this.#isWaiting || this.#isPaused) return;
    if (records[0]?.offset === this.#nextOffset) {
      try {
        this.#handOut(records);
        return;
      } catch (error) {
        this.#thrown = { error };
      }
    }
    this.#wake();
  }

  async #start(stop: AbortSignal): Promise<void> {
    const { sqlite, topic } = this.#options;
    const end = await this.#retry(() => findEndOffset(sqlite, topic), stop);
    const position = await this.#retry(() => loadPosition(sqlite, this.#reading), stop);
    if (end === undefined || position === undefined) return;
    topic.endOffset = Math.max(topic.endOffset, end);
    this.#nextOffset = position.offset;
    this.#isPaused = false;
    await this.#events?.assigned([position]);
  }

  async #readOn(stop: AbortSignal): Promise<void> {
    const { sqlite, topic } = this.#options;
    while (!stop.aborted) {
      const beforeOffset = topic.endOffset;
      if (this.#isPaused || this.#nextOffset >= beforeOffset) {
        await this.#waitForWork();
        continue;
      }
      const range = { fromOffset: this.#nextOffset, beforeOffset };
      const page = await this.#retry(() => readPage(sqlite, topic, range), stop);
      if (page === undefined) return;
      if (page.length > 0) this.#handOut(page);
      // Nothing is left below the end: retention took it.
      else this.#nextOffset = beforeOffset;
    }
  }

  async #waitForWork(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      this.#isWaiting = true;
    });
    this.#isWaiting = false;
    if (this.#thrown === undefined) return;
    const { error } = this.#thrown;
    this.#thrown = undefined;
    throw error;
  }

  #handOut(records: readonly LogRecord[]): void {
    const last = records.at(-1);
    if (last === undefined) return;
    this.#nextOffset = last.offset + 1;
    this.#events?.records(onlyPartition, records);
  }

  /** Tries until it works; undefined if stopped before. @throws {LogError} when trying again can't help */
  async #retry<T>(read: () => Promise<T>, stop: AbortSignal): Promise<T | undefined> {
    for (let retryMs = firstRetryMs; !stop.aborted; retryMs = Math.min(retryMs * 2, lastRetryMs)) {
      try {
        return await read();
      } catch (error) {
        if (!mayPass(error)) throw createLogError(`topic ${this.#reading.topic}: reading`, error);
        await pause(this.#options.clock, retryMs, stop);
      }
    }
    return undefined;
  }

  #assertOpen(): void {
    if (this.#options.closed.aborted) throw new LogError("closed", `topic ${this.#reading.topic}: log closed`);
  }
}
