import { pageBytes, pageTasks, type Place, type StoredTask } from "./due-table.ts";

const beginning: Place = { handOutAtMs: -Infinity, id: 0 };
const end: Place = { handOutAtMs: Infinity, id: 0 };

/**
 * What is due next, in memory.
 *
 * Invariant: every task of the table at or before the horizon is either in the page or was taken from it; those after
 * the horizon are in the table only. So the page never holds more than twice what one read gives, and a task that
 * arrives goes into the page exactly if no later read will bring it.
 */
export class DuePage {
  /** In order; those before `#head` were taken. */
  #tasks: StoredTask[] = [];
  #head = 0;
  #bytes = 0;
  #horizon = beginning;

  get horizon(): Place {
    return this.#horizon;
  }

  /** Whether a read should bring more: little is left, and the table may hold more. */
  get isLow(): boolean {
    return this.#horizon !== end && this.#tasks.length - this.#head < pageTasks / 4;
  }

  /** The next task, left where it is. */
  peek(): StoredTask | undefined {
    return this.#tasks[this.#head];
  }

  take(): StoredTask | undefined {
    const stored = this.#tasks[this.#head];
    if (stored === undefined) return undefined;
    this.#head++;
    this.#bytes -= stored.task.value.byteLength;
    if (this.#head >= pageTasks) this.#forgetTaken();
    return stored;
  }

  /**
   * Adds what a read gave for the horizon of that moment; nothing means that the table holds no more. Those already
   * taken are left out: they stand after the horizon if it moved back since.
   */
  extend(read: readonly StoredTask[], takenIds: ReadonlySet<number>): void {
    this.#horizon = read.at(-1) ?? end;
    for (const stored of read) {
      if (takenIds.has(stored.id)) continue;
      this.#tasks.push(stored);
      this.#bytes += stored.task.value.byteLength;
    }
  }

  /** Takes a task that was just written to the table, if it stands before the horizon. */
  arrive(stored: StoredTask): void {
    if (!isBefore(stored, this.#horizon)) return;
    this.#tasks.splice(this.#findIndex(stored), 0, stored);
    this.#bytes += stored.task.value.byteLength;
    if (this.#tasks.length - this.#head > 2 * pageTasks || this.#bytes > 2 * pageBytes) this.#trim();
  }

  /** Leaves the later half to the table. */
  #trim(): void {
    this.#forgetTaken();
    const kept = Math.max(1, Math.ceil(this.#tasks.length / 2));
    for (const { task } of this.#tasks.splice(kept)) this.#bytes -= task.value.byteLength;
    this.#horizon = this.#tasks.at(-1) ?? this.#horizon;
  }

  #forgetTaken(): void {
    this.#tasks = this.#tasks.slice(this.#head);
    this.#head = 0;
  }

  #findIndex(stored: StoredTask): number {
    let low = this.#head;
    let high = this.#tasks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = this.#tasks[middle];
      if (other !== undefined && isBefore(other, stored)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function isBefore(a: Place, b: Place): boolean {
  return a.handOutAtMs < b.handOutAtMs || (a.handOutAtMs === b.handOutAtMs && a.id < b.id);
}
