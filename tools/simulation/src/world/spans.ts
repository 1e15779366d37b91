import type { Span } from "./plan.ts";

/** Stretches of time, merged: how much of another stretch they cover. */
export class Spans {
  readonly #merged: readonly Span[];
  /** The length of all before the one of the same index. */
  readonly #lengthBefore: readonly number[];

  constructor(spans: readonly Span[]) {
    const merged: { fromMs: number; toMs: number }[] = [];
    for (const { fromMs, toMs } of spans.toSorted((a, b) => a.fromMs - b.fromMs)) {
      const last = merged.at(-1);
      if (last && fromMs <= last.toMs) last.toMs = Math.max(last.toMs, toMs);
      else merged.push({ fromMs, toMs });
    }
    this.#merged = merged;
    let length = 0;
    this.#lengthBefore = merged.map(({ fromMs, toMs }) => {
      const before = length;
      length += toMs - fromMs;
      return before;
    });
  }

  /** How much of it they cover; milliseconds. */
  overlapMs({ fromMs, toMs }: Span): number {
    return toMs <= fromMs ? 0 : this.#coveredUntil(toMs) - this.#coveredUntil(fromMs);
  }

  #coveredUntil(atMs: number): number {
    let low = 0;
    let high = this.#merged.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#merged[middle]?.fromMs ?? Infinity) <= atMs) low = middle + 1;
      else high = middle;
    }
    const last = this.#merged[low - 1];
    if (last === undefined) return 0;
    return (this.#lengthBefore[low - 1] ?? 0) + Math.min(atMs, last.toMs) - last.fromMs;
  }
}
