import fc from "fast-check";
import { expect, test } from "vitest";
import { UnfinishedList } from "./unfinished-list.ts";

test("its counts are those of a naive one, after any appends and removals", () => {
  const step = fc.record({ isAppend: fc.boolean(), gap: fc.integer({ min: 1, max: 3 }), chosen: fc.nat() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120, size: "max" }), (steps) => {
      const list = new UnfinishedList();
      const unfinished = new Set<number>();
      const finished = new Set<number>();
      let highest = 0;
      for (const { isAppend, gap, chosen } of steps) {
        if (isAppend) {
          highest += gap;
          list.append(highest, 10);
          unfinished.add(highest);
        } else {
          const offset = [...unfinished][chosen % Math.max(1, unfinished.size)];
          if (offset === undefined) continue;
          expect(list.remove(offset)).toBe(true);
          expect(list.remove(offset)).toBe(false);
          unfinished.delete(offset);
          finished.add(offset);
        }
        const naive = countNaively(unfinished, finished);
        expect(list.shape(highest + 1)).toMatchObject(naive);
        expect([...list.runs(highest + 1)]).toHaveLength(naive.runs);
        expect(list.firstOffset).toBe(unfinished.size === 0 ? undefined : Math.min(...unfinished));
        expect(list.count).toBe(unfinished.size);
        expect(list.bytes).toBe(unfinished.size * 10);
      }
    }),
    { numRuns: 40 },
  );
});

function countNaively(unfinished: Set<number>, finished: Set<number>): { runs: number; longGaps: number } {
  const pattern = [...unfinished, ...finished]
    .sort((a, b) => a - b)
    .map((offset) => (unfinished.has(offset) ? "u" : "d"))
    .join("")
    .replace(/^d+/, "");
  return { runs: pattern.match(/d+/g)?.length ?? 0, longGaps: pattern.match(/uu+d/g)?.length ?? 0 };
}
