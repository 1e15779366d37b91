import type { LogReader, LogRecord, Position } from "@postrider/kit-event-log";
import type { Clock } from "@postrider/kit-lifecycle";
import { PartitionWindow } from "@postrider/kit-progress";
import type { Logger } from "@postrider/kit-telemetry";
import type { DecodedEvent } from "@postrider/records";
import { createRepetitions, type Repetitions } from "./repetitions.ts";

/** What one partition may hold unfinished. Beyond, its reading waits; a thousand more would only make the heap that is walked larger. */
const WINDOW = { maxRecords: 2048, maxBytes: 32 * 1024 * 1024, maxMetadataChars: 3072 };

/** Commits without an answer that are remembered: what is committed is most likely one of the last. */
const MAX_SENT = 8;

export interface RestoreDeps {
  readonly reader: LogReader;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Ends the waits between tries to read. */
  readonly stop: AbortSignal;
}

/** What to do with a record of the partition. */
export type Taken = "new" | "finished_before" | "repeated";

/** How far one partition has come: what is unfinished, what was finished out of order, and which ids were seen. */
export class PartitionProgress {
  readonly partition: number;
  readonly #window: PartitionWindow;
  readonly #repetitions: Repetitions;
  readonly #reader: LogReader;
  /** No more is read: the window is full. */
  #isFull = false;
  /** No more is read: the process has enough to do. */
  #isHeld = false;
  #isDropped = false;
  /** What may stand in the log as committed by us: what does, and what was sent since, whose answer may be lost. */
  #sent: Position[];

  private constructor(position: Position, repetitions: Repetitions, reader: LogReader) {
    this.partition = position.partition;
    this.#sent = [position];
    this.#window = new PartitionWindow({ position, ...WINDOW });
    this.#repetitions = repetitions;
    this.#reader = reader;
  }

  /** Goes on from a committed position, knowing the ids of the last minutes. */
  static async restore(position: Position, deps: RestoreDeps): Promise<PartitionProgress> {
    return new PartitionProgress(position, await createRepetitions({ ...deps, position }), deps.reader);
  }

  /** Counts the record in. One that is "new" or "repeated" must be finished; reading pauses when the window is full. */
  take(record: LogRecord, kind: DecodedEvent["kind"]): Taken {
    // What is malformed repeats nothing, and must not make its corrected form a repetition.
    const isRepeated = kind === "event" && this.#repetitions.isRepeated(record);
    if (this.#window.shouldSkip(record.offset)) return "finished_before";
    this.#window.admit(record.offset, record.value.byteLength);
    if (this.#window.isFull && !this.#isFull) {
      this.#isFull = true;
      if (!this.#isHeld) this.#reader.pause(this.partition);
    }
    return isRepeated ? "repeated" : "new";
  }

  /** Needs nothing more. */
  finish(offset: number): void {
    this.#window.finish(offset);
    if (!this.#isFull || !this.#window.hasRoom) return;
    this.#isFull = false;
    if (!this.#isHeld && !this.#isDropped) this.#reader.resume(this.partition);
  }

  /** No more of it is read until {@link release}, whatever room its window has. */
  hold(): void {
    if (this.#isHeld) return;
    this.#isHeld = true;
    if (!this.#isFull) this.#reader.pause(this.partition);
  }

  release(): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    if (!this.#isFull) this.#reader.resume(this.partition);
  }

  /**
   * The partition is somebody else's now, as far as anybody knows. What is out can't be called back: it ends unseen, and
   * a new owner does it again.
   */
  drop(): void {
    this.#isDropped = true;
  }

  /**
   * The partition came back, to be read from this position. Goes on if nobody has committed anything since: then what is
   * known here is still true, and what was finished without a commit needs not be done again. Returns whether it does.
   */
  takeUp({ offset, metadata }: Position): boolean {
    if (!this.#sent.some((sent) => sent.offset === offset && sent.metadata === metadata)) return false;
    this.#isDropped = false;
    if (this.#isFull || this.#isHeld) this.#reader.pause(this.partition);
    return true;
  }

  /** Where it stands, if that is not committed yet. It is to be sent to the log, and remembered as sent. */
  takeUncommitted(): Position | undefined {
    if (!this.#window.isDirty) return undefined;
    const position = { partition: this.partition, ...this.#window.position() };
    this.#sent.push(position);
    if (this.#sent.length > MAX_SENT) this.#sent.shift();
    return position;
  }

  /** It is durable, if the partition is still here: else nobody has looked whether it was sent. */
  noteCommitted(position: Position): void {
    if (this.#isDropped) return;
    this.#sent = [position];
    this.#window.markCommitted({ offset: position.offset, metadata: position.metadata });
  }
}
