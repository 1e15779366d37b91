/** What waits for a time. */
export interface Timed {
  readonly handOutAtMs: number;
}

interface Entry<T> {
  readonly item: T;
  /** Of equal times, the one that came first. */
  readonly order: number;
}

/** Things in the order of their times: a binary heap. Adding and taking cost O(log n). */
export class DueHeap<T extends Timed> {
  #entries: Entry<T>[] = [];
  #order = 0;

  get count(): number {
    return this.#entries.length;
  }

  peek(): T | undefined {
    return this.#entries[0]?.item;
  }

  push(item: T): void {
    this.#entries.push({ item, order: this.#order++ });
    this.#siftUp(this.#entries.length - 1);
  }

  take(): T | undefined {
    const first = this.#entries[0];
    const last = this.#entries.pop();
    if (first === undefined || last === undefined) return undefined;
    if (this.#entries.length > 0) {
      this.#entries[0] = last;
      this.#siftDown(0);
    }
    return first.item;
  }

  /** Removes what is chosen, and gives it. Takes time in proportion to the count. */
  removeAll(isChosen: (item: T) => boolean): readonly T[] {
    const removed = this.#entries.filter(({ item }) => isChosen(item)).map(({ item }) => item);
    this.#entries = this.#entries.filter(({ item }) => !isChosen(item));
    for (let at = (this.#entries.length >> 1) - 1; at >= 0; at--) this.#siftDown(at);
    return removed;
  }

  #siftUp(from: number): void {
    for (let at = from; at > 0;) {
      const parent = (at - 1) >> 1;
      if (!this.#isBefore(at, parent)) return;
      this.#swap(at, parent);
      at = parent;
    }
  }

  #siftDown(from: number): void {
    for (let at = from; ;) {
      const left = 2 * at + 1;
      const child = this.#isBefore(left + 1, left) ? left + 1 : left;
      if (!this.#isBefore(child, at)) return;
      this.#swap(at, child);
      at = child;
    }
  }

  /** False when the first place is beyond the end. */
  #isBefore(at: number, other: number): boolean {
    const a = this.#entries[at];
    const b = this.#entries[other];
    if (a === undefined || b === undefined) return a !== undefined;
    return (
      a.item.handOutAtMs - b.item.handOutAtMs < 0 || (a.item.handOutAtMs === b.item.handOutAtMs && a.order < b.order)
    );
  }

  #swap(at: number, other: number): void {
    const a = this.#entries[at];
    const b = this.#entries[other];
    if (a === undefined || b === undefined) return;
    this.#entries[at] = b;
    this.#entries[other] = a;
  }
}
