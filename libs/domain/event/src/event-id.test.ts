import fc from "fast-check";
import { expect, test } from "vitest";
import { createEventId } from "./event-id.ts";
import { isEventId } from "./identifiers.ts";

const times = fc.integer({ min: 0, max: 2 ** 48 - 1 });

test("is evt_ and 26 characters of Crockford's alphabet, whatever chance says", () => {
  fc.assert(
    fc.property(times, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (nowMs, chance) => {
      const id = createEventId(nowMs, () => chance);
      expect(id).toMatch(/^evt_[0-9a-hjkmnp-tv-z]{26}$/);
      expect(isEventId(id)).toBe(true);
    }),
  );
});

test("sorts by time, before chance", () => {
  fc.assert(
    fc.property(times, times, (a, b) => {
      fc.pre(a !== b);
      expect(createEventId(a, () => 0.999) < createEventId(b, () => 0)).toBe(a < b);
    }),
  );
});

test("encodes time as a ULID does", () => {
  // The example of github.com/ulid/spec: 1469918176385 is 01ARYZ6S41.
  expect(createEventId(1_469_918_176_385, () => 0)).toBe("evt_01aryz6s410000000000000000");
});

test("ten thousand ids of one millisecond differ", () => {
  const ids = new Set(Array.from({ length: 10_000 }, () => createEventId(0, Math.random)));
  expect(ids.size).toBe(10_000);
});
