/**
 * The port of the event log: topics of partitions of records, appended durably and read from committed positions.
 *
 * Model: a record has a partition and an offset that grows within its partition, with gaps allowed. A reader belongs to
 * a group; the group's committed position of a partition is the offset to read next, with a metadata text beside it.
 * Invariants: `append` resolves only when every record is durable; a reader hands out each partition's records in
 * offset order, and after a restart everything from the committed position on, again.
 * Adapters: SQLite (here), Kafka (to come). One conformance suite, `./testing`, holds for both.
 */

/** A record to append. */
export interface AppendRecord {
  readonly topic: string;
  /** Records of one key go to one partition; spread when absent. */
  readonly key?: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly value: Uint8Array;
}

/** A record as it stands in the log. */
export interface LogRecord {
  readonly partition: number;
  readonly offset: number;
  readonly key?: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly value: Uint8Array;
  /** When the log appended it: the log's clock, milliseconds since the epoch. */
  readonly appendedAtMs: number;
}

/** Appends records. */
export interface LogWriter {
  /**
   * Resolves when all records are durable, with the log's time of the append. After a rejection some of them may be in
   * the log all the same: appending again may duplicate them, and never loses them.
   * @throws {LogError}
   */
  readonly append: (records: readonly AppendRecord[]) => Promise<{ readonly appendedAtMs: number }>;
}

/** Where a group stands in a partition. */
export interface Position {
  readonly partition: number;
  /** The offset to read next. */
  readonly offset: number;
  /** Up to 4,096 characters, kept beside the offset. */
  readonly metadata: string;
}

/** What a reader tells its owner. Calls never overlap, and records come only between assigned and revoked. */
export interface ReaderEvents {
  /** The reader got these partitions, to be read from these positions (offset 0 and no metadata when none is committed). */
  readonly assigned: (positions: readonly Position[]) => void | Promise<void>;
  /** These partitions belong to somebody else now. Not called on stop. */
  readonly revoked: (partitions: readonly number[]) => void | Promise<void>;
  /** Takes the records and returns at once: what needs time happens elsewhere. */
  readonly records: (partition: number, records: readonly LogRecord[]) => void;
  /** Partitions may be about to move: what is returned is committed before they do. */
  readonly rebalancing?: () => readonly Position[];
}

/** Reads one topic for one group. */
export interface LogReader {
  /** Reads until the signal aborts. @throws {LogError} when reading can't go on: then the process should end */
  readonly run: (events: ReaderEvents, signal: AbortSignal) => Promise<void>;
  /** No more records of this partition until {@link resume}; records in flight may still come. */
  readonly pause: (partition: number) => void;
  readonly resume: (partition: number) => void;
  /** Durable when it resolves. Also works after the run's signal aborted, until the log is closed. @throws {LogError} */
  readonly commit: (positions: readonly Position[]) => Promise<void>;
  /** Records of a partition with offsets below `beforeOffset` and appended at or after `sinceMs`, oldest first. */
  readonly readBack: (range: ReadBackRange) => AsyncIterable<readonly LogRecord[]>;
}

export interface ReadBackRange {
  readonly partition: number;
  readonly sinceMs: number;
  /** Records below it are not wanted: for readers that can't take all that the time allows. */
  readonly fromOffset?: number;
  readonly beforeOffset: number;
}

/** What the log is asked to keep of a topic. */
export interface TopicSettings {
  readonly name: string;
  /** Records older than this may go, once every group has passed them. */
  readonly retentionMs: number;
}

/** An open log. */
export interface EventLog {
  readonly writer: LogWriter;
  readonly reader: (options: { readonly topic: string; readonly group: string }) => LogReader;
  readonly close: () => Promise<void>;
}

/**
 * `unavailable`: try again later; `refused`: these records can't ever be appended (too large); `setup`: no append can work
 * until somebody changes the log's settings or our rights (no such topic, not allowed), so end the process; `closed`.
 */
export type LogErrorCode = "unavailable" | "refused" | "setup" | "closed";

export class LogError extends Error {
  override readonly name = "LogError";
  readonly code: LogErrorCode;

  constructor(code: LogErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
