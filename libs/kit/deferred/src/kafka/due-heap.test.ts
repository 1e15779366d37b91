import fc from "fast-check";
import { expect, test } from "vitest";
import { DueHeap } from "./due-heap.ts";

const items = fc.array(fc.record({ handOutAtMs: fc.nat(20), owner: fc.nat(2) }), { maxLength: 80 });

test("gives things in the order of their times, and equal ones as they came", () => {
  fc.assert(
    fc.property(items, (added) => {
      const heap = new DueHeap<{ readonly handOutAtMs: number }>();
      for (const item of added) heap.push(item);
      expect(takeAll(heap)).toEqual(added.toSorted((a, b) => a.handOutAtMs - b.handOutAtMs));
      expect(heap.take()).toBeUndefined();
    }),
  );
});

test("keeps the order when some are removed, and when more come between", () => {
  fc.assert(
    fc.property(items, items, (first, second) => {
      const heap = new DueHeap<{ readonly handOutAtMs: number; readonly owner: number }>();
      for (const item of first) heap.push(item);
      const removed = heap.removeAll(({ owner }) => owner === 1);
      expect(removed).toHaveLength(first.filter(({ owner }) => owner === 1).length);
      for (const item of second) heap.push(item);
      const left = [...first.filter(({ owner }) => owner !== 1), ...second];
      expect(heap.count).toBe(left.length);
      expect(takeAll(heap)).toEqual(left.toSorted((a, b) => a.handOutAtMs - b.handOutAtMs));
    }),
  );
});

function takeAll<T extends { readonly handOutAtMs: number }>(heap: DueHeap<T>): T[] {
  const taken: T[] = [];
  while (heap.peek() !== undefined) {
    const next = heap.take();
    if (next !== undefined) taken.push(next);
  }
  return taken;
}
