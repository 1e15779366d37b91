import type { LogReader, LogRecord, Position } from "@postrider/kit-event-log";
import { type Clock, pause } from "@postrider/kit-lifecycle";
import type { Logger } from "@postrider/kit-telemetry";
import type { LedgerEntry } from "../store/ledger-entry.ts";
import type { Backlog } from "./ledger-metrics.ts";

/** Entries of one write: enough that a transaction's cost vanishes, and some milliseconds of SQLite's thread. */
const MAX_ENTRIES = 1000;
const MAX_BYTES = 4 * 1024 * 1024;
/** Records gather for so long: nobody waits for the ledger, and few large writes cost the database least. */
const LINGER_MS = 200;
/** Of one partition, read and not yet written; then its reading pauses, and goes on at half. */
const MAX_WAITING_RECORDS = 1000;
const MAX_WAITING_BYTES = 4 * 1024 * 1024;

export interface FollowTopicDeps {
  readonly reader: LogReader;
  readonly clock: Clock;
  readonly logger: Logger;
  /**
   * How many times as long as a write took nothing is written after it: where others need the same thread and the same
   * disk more. 0: none.
   */
  readonly restFactor: number;
  /** The entries of a record; none for one that can't be read. */
  readonly decode: (record: LogRecord) => readonly LedgerEntry[];
  /** Resolves with true when they are durable, with false when the signal aborted before. */
  readonly add: (entries: readonly LedgerEntry[], stop: AbortSignal) => Promise<boolean>;
}

/** A partition while it is here. */
interface Followed {
  readonly partition: number;
  readonly waiting: LogRecord[];
  waitingBytes: number;
  isPaused: boolean;
  /** All records below it are written. */
  writtenOffset: number;
  committedOffset: number;
}

/** What goes into one write. */
interface Batch {
  readonly entries: readonly LedgerEntry[];
  readonly oldestMs: number;
  readonly records: number;
  /** The offset after the last record of each partition in it. */
  readonly ends: ReadonlyMap<Followed, number>;
}

/**
 * Follows one topic: from records to durable entries, and from there to the committed position. One write is out at a
 * time, over all partitions that are here. A crash, or partitions that move, have records read again: adding an entry
 * twice is as good as once.
 */
export class TopicFollower {
  readonly #deps: FollowTopicDeps;
  readonly #partitions = new Map<number, Followed>();
  #batch: Batch | undefined;
  #wake: () => void = () => undefined;

  constructor(deps: FollowTopicDeps) {
    this.#deps = deps;
  }

  /** Until the signal aborts. @throws {LogError} when reading can't go on */
  async run(signal: AbortSignal): Promise<void> {
    const ending = new AbortController();
    const stop = AbortSignal.any([signal, ending.signal]);
    stop.addEventListener("abort", () => {
      this.#wake();
    });
    const writing = this.#write(stop);
    try {
      await this.#deps.reader.run(
        {
          assigned: (positions) => {
            for (const position of positions) this.#take(position);
          },
          revoked: (partitions) => {
            for (const partition of partitions) this.#partitions.delete(partition);
          },
          records: (partition, records) => {
            this.#gather(partition, records);
          },
          rebalancing: () => this.#listUncommitted(),
        },
        stop,
      );
    } finally {
      ending.abort();
      await writing;
    }
  }

  backlog(): Backlog {
    const heads = [...this.#partitions.values()].flatMap(({ waiting }) => waiting[0]?.appendedAtMs ?? []);
    const oldestMs = Math.min(...heads, this.#batch?.oldestMs ?? Infinity);
    const records = [...this.#partitions.values()].reduce((sum, { waiting }) => sum + waiting.length, 0);
    return {
      records: records + (this.#batch?.records ?? 0),
      ageMs: oldestMs === Infinity ? 0 : Math.max(0, this.#deps.clock.nowMs() - oldestMs),
    };
  }

  #take({ partition, offset }: Position): void {
    const position = { writtenOffset: offset, committedOffset: offset };
    this.#partitions.set(partition, { partition, waiting: [], waitingBytes: 0, isPaused: false, ...position });
  }

  #gather(partition: number, records: readonly LogRecord[]): void {
    const followed = this.#partitions.get(partition);
    if (!followed) return;
    followed.waiting.push(...records);
    for (const { value } of records) followed.waitingBytes += value.byteLength;
    if (!followed.isPaused && isFull(followed, 1)) {
      followed.isPaused = true;
      this.#deps.reader.pause(partition);
    }
    this.#wake();
  }

  async #write(stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      if (!this.#isAnyWaiting()) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
          if (stop.aborted) resolve();
        });
      }
      if (!this.#isAnyFull()) await pause(this.#deps.clock, LINGER_MS, stop);
      const batch = this.#takeBatch();
      if (batch === undefined) continue;
      this.#batch = batch;
      const startUs = this.#deps.clock.monotonicUs();
      if (await this.#deps.add(batch.entries, stop)) {
        for (const [followed, end] of batch.ends) followed.writtenOffset = end;
        await this.#commit();
      }
      this.#batch = undefined;
      const tookMs = (this.#deps.clock.monotonicUs() - startUs) / 1000;
      await pause(this.#deps.clock, tookMs * this.#deps.restFactor, stop);
    }
  }

  #isAnyWaiting(): boolean {
    return [...this.#partitions.values()].some(({ waiting }) => waiting.length > 0);
  }

  /** Somebody is far behind: the next write will be large without lingering. */
  #isAnyFull(): boolean {
    return [...this.#partitions.values()].some(({ isPaused }) => isPaused);
  }

  /** From each partition in turn, as much as fits. */
  #takeBatch(): Batch | undefined {
    const entries: LedgerEntry[] = [];
    const ends = new Map<Followed, number>();
    let [bytes, records, oldestMs] = [0, 0, Infinity];
    for (const followed of this.#partitions.values()) {
      let taken = 0;
      for (const record of followed.waiting) {
        if (entries.length >= MAX_ENTRIES || bytes >= MAX_BYTES) break;
        entries.push(...this.#deps.decode(record));
        bytes += record.value.byteLength;
        followed.waitingBytes -= record.value.byteLength;
        oldestMs = Math.min(oldestMs, record.appendedAtMs);
        ends.set(followed, record.offset + 1);
        taken += 1;
      }
      followed.waiting.splice(0, taken);
      records += taken;
      this.#resumeIfRoom(followed);
    }
    this.#rotate(ends);
    return records === 0 ? undefined : { entries, oldestMs, records, ends };
  }

  #resumeIfRoom(followed: Followed): void {
    if (!followed.isPaused || isFull(followed, 0.5)) return;
    followed.isPaused = false;
    this.#deps.reader.resume(followed.partition);
  }

  /** Those that were served go to the end of the line. */
  #rotate(served: ReadonlyMap<Followed, number>): void {
    for (const followed of served.keys()) {
      this.#partitions.delete(followed.partition);
      this.#partitions.set(followed.partition, followed);
    }
  }

  #listUncommitted(): readonly Position[] {
    return [...this.#partitions.values()]
      .filter(({ writtenOffset, committedOffset }) => writtenOffset > committedOffset)
      .map(({ partition, writtenOffset }) => ({ partition, offset: writtenOffset, metadata: "" }));
  }

  async #commit(): Promise<void> {
    const positions = this.#listUncommitted();
    if (positions.length === 0) return;
    try {
      await this.#deps.reader.commit(positions);
      for (const { partition, offset } of positions) {
        const followed = this.#partitions.get(partition);
        if (followed) followed.committedOffset = Math.max(followed.committedOffset, offset);
      }
    } catch (error) {
      this.#deps.logger.warn(
        { err: error },
        "could not commit the ledger's position; tried again after the next write",
      );
    }
  }
}

function isFull({ waiting, waitingBytes }: Followed, share: number): boolean {
  return waiting.length >= MAX_WAITING_RECORDS * share || waitingBytes >= MAX_WAITING_BYTES * share;
}
