import type { DoneSetShape, Run } from "./done-set.ts";

interface Unfinished {
  readonly offset: number;
  readonly bytes: number;
  previous: Unfinished | undefined;
  next: Unfinished | undefined;
  /** Whether something between this one and the next (or the end) is finished. Then all that exists there is. */
  hasRunAfter: boolean;
}

/**
 * The unfinished offsets of a partition in order, with what is finished between them.
 *
 * A doubly linked list of the unfinished alone: what is finished needs no memory, since everything between two unfinished
 * neighbours is either finished or doesn't exist. So one offset that hangs can't fill the memory, however many records
 * pass it, and each step costs the same whatever the length.
 */
export class UnfinishedList {
  readonly #byOffset = new Map<number, Unfinished>();
  #first: Unfinished | undefined;
  #last: Unfinished | undefined;
  #bytes = 0;
  #runs = 0;
  #longGaps = 0;

  get count(): number {
    return this.#byOffset.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get firstOffset(): number | undefined {
    return this.#first?.offset;
  }

  /** @param offset above all others */
  append(offset: number, bytes: number): void {
    const entry: Unfinished = { offset, bytes, previous: this.#last, next: undefined, hasRunAfter: false };
    if (this.#last) this.#last.next = entry;
    else this.#first = entry;
    this.#last = entry;
    this.#byOffset.set(offset, entry);
    this.#bytes += bytes;
  }

  /** Something above the last one is finished. */
  markRunAtEnd(): void {
    const last = this.#last;
    if (!last) return;
    this.#forget(last);
    last.hasRunAfter = true;
    this.#count(last);
  }

  /** False when the offset isn't there. */
  remove(offset: number): boolean {
    const entry = this.#byOffset.get(offset);
    if (!entry) return false;
    const { previous, next } = entry;
    for (const touched of [previous, entry, next]) this.#forget(touched);

    if (previous) {
      previous.next = next;
      previous.hasRunAfter = true;
    } else this.#first = next;
    if (next) next.previous = previous;
    else this.#last = previous;

    for (const touched of [previous, next]) this.#count(touched);
    this.#byOffset.delete(offset);
    this.#bytes -= entry.bytes;
    return true;
  }

  /** @param end the offset after the last that is finished */
  shape(end: number): DoneSetShape {
    return { runs: this.#runs, longGaps: this.#longGaps, span: this.#first ? end - this.#first.offset : 0 };
  }

  /** The runs of finished offsets above the first unfinished one. */
  *runs(end: number): Generator<Run> {
    for (let entry = this.#first; entry; entry = entry.next) {
      if (entry.hasRunAfter) yield { from: entry.offset + 1, to: (entry.next?.offset ?? end) - 1 };
    }
  }

  #count(entry: Unfinished | undefined): void {
    if (!entry?.hasRunAfter) return;
    this.#runs++;
    if (hasLongGap(entry)) this.#longGaps++;
  }

  #forget(entry: Unfinished | undefined): void {
    if (!entry?.hasRunAfter) return;
    this.#runs--;
    if (hasLongGap(entry)) this.#longGaps--;
  }
}

/** Whether the run after this entry has more unfinished offsets before it than this one. */
function hasLongGap(entry: Unfinished): boolean {
  return entry.previous !== undefined && !entry.previous.hasRunAfter;
}
