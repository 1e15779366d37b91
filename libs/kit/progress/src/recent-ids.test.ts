import fc from "fast-check";
import { expect, test } from "vitest";
import { RecentIds } from "./recent-ids.ts";

test("tells where an id came first, and keeps that when it comes again", () => {
  const recent = new RecentIds(10);
  expect(recent.firstSeenAt("a")).toBeUndefined();
  recent.remember("a", 0, 1000);
  recent.remember("a", 7, 2000);
  expect(recent.firstSeenAt("a")).toBe(0);
  expect(recent.size).toBe(1);
  recent.forgetOlderThan(1001);
  expect(recent.firstSeenAt("a")).toBeUndefined();
});

test("forgets the oldest when there is no more room", () => {
  const recent = new RecentIds(2);
  for (const [offset, id] of ["a", "b", "c"].entries()) recent.remember(id, offset, offset);
  expect(["a", "b", "c"].map((id) => recent.firstSeenAt(id))).toEqual([undefined, 1, 2]);
});

test("refuses to have no room", () => {
  expect(() => new RecentIds(0)).toThrow("capacity is 0: it must be 1 or more");
});

test("is as a naive one, over many chunks", () => {
  const steps = fc.array(
    fc.record({ ids: fc.integer({ min: 1, max: 400 }), passedMs: fc.nat(50), keptMs: fc.nat(200) }),
    { maxLength: 12, size: "max" },
  );
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1500 }), steps, (capacity, life) => {
      const recent = new RecentIds(capacity);
      let naive: { id: string; offset: number; atMs: number }[] = [];
      let nowMs = 0;
      let offset = 0;
      for (const { ids, passedMs, keptMs } of life) {
        nowMs += passedMs;
        for (let i = 0; i < ids; i++, offset++) {
          // Every fifth one comes again.
          const id = `id_${offset - (offset % 5 === 0 ? 3 : 0)}`;
          recent.remember(id, offset, nowMs);
          if (!naive.some((entry) => entry.id === id)) naive.push({ id, offset, atMs: nowMs });
          naive = naive.slice(-capacity);
        }
        recent.forgetOlderThan(nowMs - keptMs);
        naive = naive.filter(({ atMs }) => atMs >= nowMs - keptMs);
        expect(recent.size).toBe(naive.length);
        for (const entry of naive) expect(recent.firstSeenAt(entry.id)).toBe(entry.offset);
      }
    }),
    { numRuns: 20 },
  );
});
