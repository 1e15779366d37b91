/** What is to be called at a time. */
export interface Timer {
  readonly atMs: number;
  /** Undefined once it was cancelled. */
  callback: (() => void) | undefined;
}

interface Entry {
  readonly timer: Timer;
  /** Of equal times, the one that was asked for first. */
  readonly order: number;
}

/** Timers in the order of their times: a binary heap. What was cancelled stays until its time, and costs no more than that. */
export class TimerHeap {
  readonly #entries: Entry[] = [];
  #order = 0;

  push(timer: Timer): void {
    this.#entries.push({ timer, order: this.#order++ });
    let at = this.#entries.length - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#isBefore(at, parent)) return;
      this.#swap(at, parent);
      at = parent;
    }
  }

  /** The first one that is due by then and was not cancelled. */
  takeDue(untilMs: number): Timer | undefined {
    for (;;) {
      const first = this.#entries[0]?.timer;
      if (first === undefined || first.atMs > untilMs) return undefined;
      this.#removeFirst();
      if (first.callback !== undefined) return first;
    }
  }

  #removeFirst(): void {
    const last = this.#entries.pop();
    if (last === undefined || this.#entries.length === 0) return;
    this.#entries[0] = last;
    for (let at = 0; ;) {
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
    if (a === undefined || b === undefined) return false;
    return a.timer.atMs < b.timer.atMs || (a.timer.atMs === b.timer.atMs && a.order < b.order);
  }

  #swap(at: number, other: number): void {
    const a = this.#entries[at];
    const b = this.#entries[other];
    if (a === undefined || b === undefined) return;
    this.#entries[at] = b;
    this.#entries[other] = a;
  }
}
