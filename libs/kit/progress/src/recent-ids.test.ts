import fc from "fast-check";
import { expect, test } from "vitest";
import { RecentIds } from "./recent-ids.ts";

test("tells where an id came first, also when it comes again", () => {
  const recent = new RecentIds(10);
  expect(recent.remember("a", 3, 1000)).toBe(3);
  expect(recent.remember("a", 7, 2000)).toBe(3);
  expect(recent.size).toBe(1);
});

test("an id that is too old is new again, though others of its time are still known", () => {
  const recent = new RecentIds(100);
  recent.remember("old", 1, 1000);
  recent.remember("young", 2, 2000);
  recent.forgetOlderThan(1001);
  expect(recent.remember("old", 3, 3000)).toBe(3);
  expect(recent.remember("young", 4, 3000)).toBe(2);
  expect(recent.remember("old", 5, 3000)).toBe(3);
});

test("keeps the latest that its capacity promises, and not many more", () => {
  const capacity = 1000;
  const recent = new RecentIds(capacity);
  for (let offset = 0; offset < 10 * capacity; offset++) recent.remember(`id_${offset}`, offset, offset);
  expect(recent.size).toBeLessThanOrEqual(capacity * 1.125);
  for (let offset = 9 * capacity; offset < 10 * capacity; offset++) {
    expect(recent.remember(`id_${offset}`, -1, offset)).toBe(offset);
  }
});

test("holds nothing of what is too old as a whole", () => {
  const recent = new RecentIds(8);
  for (let offset = 0; offset < 8; offset++) recent.remember(`id_${offset}`, offset, offset);
  recent.forgetOlderThan(100);
  expect(recent.size).toBe(0);
});

test("refuses to have no room", () => {
  expect(() => new RecentIds(0)).toThrow("capacity is 0: it must be 1 or more");
});

test("is as a naive one, over any life", () => {
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
          const first = recent.remember(id, offset, nowMs);
          const known = naive.find((entry) => entry.id === id);
          // It may know more than it promises, never less, and never wrongly.
          if (known) expect(first).toBe(known.offset);
          else naive.push({ id, offset: first, atMs: nowMs });
          expect(first === offset || first === offset - 3).toBe(true);
          naive = naive.slice(-capacity);
        }
        recent.forgetOlderThan(nowMs - keptMs);
        naive = naive.filter(({ atMs }) => atMs >= nowMs - keptMs);
      }
    }),
    { numRuns: 20 },
  );
});
