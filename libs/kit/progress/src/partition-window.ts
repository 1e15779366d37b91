import { boundDoneSetChars, decodeDoneSet, encodeDoneSet, type Run, type WindowPosition } from "./done-set.ts";
import { UnfinishedList } from "./unfinished-list.ts";

export interface PartitionWindowOptions {
  /** As committed: offset 0 and no metadata for a new partition. */
  readonly position: WindowPosition;
  /** Unfinished records at the same time, 1 or more. */
  readonly maxRecords: number;
  /** Their bytes together, 1 or more. */
  readonly maxBytes: number;
  /** The greatest length of a position's metadata, 64 or more. Kafka takes 4,096 bytes by default. */
  readonly maxMetadataChars: number;
}

const MIN_METADATA_CHARS = 64;
// Runs can still split after the last admission. What then no longer fits is left out of the metadata: rare, and safe.
const METADATA_SHARE = 0.75;
// Resume well below the limit, or the partition would be paused and resumed with every record.
const ROOM_SHARE = 0.5;

/**
 * Progress in one partition whose records finish in any order.
 *
 * Model: records are admitted in offset order, with gaps, and finish one by one. The position is the lowest unfinished
 * offset, or the one after the highest admitted; its metadata tells what is finished above it, so that a window made
 * from a committed position skips that.
 * Invariants: a record that is not finished is never skipped by any later window; one that is finished is skipped if it
 * was in the position's metadata; the metadata never exceeds its bound; an empty window always admits.
 * Failures: metadata that can't be understood counts as none: records are delivered again, not lost.
 */
export class PartitionWindow {
  readonly #options: PartitionWindowOptions;
  readonly #unfinished = new UnfinishedList();
  /** Runs that were finished before the restart and lie above all that was admitted since; from #nextRestored on. */
  readonly #restored: readonly Run[];
  #nextRestored = 0;
  /** All up to here was admitted, or was finished before, or doesn't exist. */
  #highest: number;
  #committed: WindowPosition;
  #current: WindowPosition | undefined;

  /** @throws {RangeError} for a bound that is too small */
  constructor(options: PartitionWindowOptions) {
    assertAtLeast("maxRecords", options.maxRecords, 1);
    assertAtLeast("maxBytes", options.maxBytes, 1);
    assertAtLeast("maxMetadataChars", options.maxMetadataChars, MIN_METADATA_CHARS);
    this.#options = options;
    this.#committed = options.position;
    this.#highest = options.position.offset - 1;
    this.#restored = decodeDoneSet(options.position);
  }

  get unfinishedCount(): number {
    return this.#unfinished.count;
  }

  get unfinishedBytes(): number {
    return this.#unfinished.bytes;
  }

  /** Whether to admit no more for now: too many, too large together, or too scattered for the metadata. */
  get isFull(): boolean {
    return !this.isBelow(1);
  }

  /** Whether a window that was full may admit again: it is half empty. */
  get hasRoom(): boolean {
    return this.isBelow(ROOM_SHARE);
  }

  /** Whether each of its bounds is used by less than this share, above 0 and up to 1. An empty window always is. */
  isBelow(share: number): boolean {
    const { maxRecords, maxBytes, maxMetadataChars } = this.#options;
    if (this.unfinishedCount === 0) return true;
    if (this.unfinishedCount >= maxRecords * share || this.unfinishedBytes >= maxBytes * share) return false;
    // Restored runs don't count: they were within the bound, and get fewer.
    const chars = boundDoneSetChars(this.#unfinished.shape(this.#highest + 1));
    return chars < maxMetadataChars * METADATA_SHARE * share;
  }

  /** Whether the position differs from the one last committed. Cheap while nothing happens; else encodes the position. */
  get isDirty(): boolean {
    const { offset, metadata } = this.position();
    return offset !== this.#committed.offset || metadata !== this.#committed.metadata;
  }

  /** Whether a record that was read needs nothing: it was finished before a restart, or is here already. */
  shouldSkip(offset: number): boolean {
    if (offset <= this.#highest) return true;
    for (let i = this.#nextRestored; ; i++) {
      const run = this.#restored[i];
      if (!run || offset < run.from) return false;
      if (offset <= run.to) return true;
    }
  }

  /**
   * Takes in a record of that many bytes. Everything below it was admitted, is finished, or doesn't exist.
   * @throws {RangeError} for an offset to skip
   */
  admit(offset: number, bytes: number): void {
    if (this.shouldSkip(offset)) {
      throw new RangeError(`offset ${offset} is finished or was admitted before: the highest is ${this.#highest}`);
    }
    if (this.#unfinished.count === 0 && offset !== this.#highest + 1) this.#current = undefined;
    while ((this.#restored[this.#nextRestored]?.to ?? Infinity) < offset) this.#passRestored();
    this.#unfinished.append(offset, bytes);
    this.#highest = offset;
    if (this.#restored[this.#nextRestored]?.from === offset + 1) this.#passRestored();
  }

  /** The record needs nothing more. Unknown offsets, and those that finished before, are ignored. */
  finish(offset: number): void {
    if (this.#unfinished.remove(offset)) this.#current = undefined;
  }

  /** Where to read on after a restart, as of now. Takes time in proportion to the number of unfinished records. */
  position(): WindowPosition {
    if (this.#current) return this.#current;
    const offset = this.#unfinished.firstOffset ?? this.#highest + 1;
    const metadata = encodeDoneSet(offset, this.#doneRuns(), this.#options.maxMetadataChars);
    this.#current = { offset, metadata };
    return this.#current;
  }

  /** This position, from {@link position}, is durable. */
  markCommitted(position: WindowPosition): void {
    this.#committed = position;
  }

  /** The next restored run is not above all others any more: the list tells of it from now on. */
  #passRestored(): void {
    this.#highest = this.#restored[this.#nextRestored++]?.to ?? this.#highest;
    this.#unfinished.markRunAtEnd();
  }

  *#doneRuns(): Generator<Run> {
    yield* this.#unfinished.runs(this.#highest + 1);
    for (let i = this.#nextRestored; i < this.#restored.length; i++) {
      const run = this.#restored[i];
      if (run) yield run;
    }
  }
}

function assertAtLeast(name: string, value: number, least: number): void {
  if (!(value >= least)) throw new RangeError(`${name} is ${value}: it must be ${least} or more`);
}
