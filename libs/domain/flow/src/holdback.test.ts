import fc from "fast-check";
import { expect, test } from "vitest";
import { Holdback, MAX_HOLDBACK_MS } from "./holdback.ts";

const NOW_MS = 1_700_000_000_000;

test("lasts as long as was asked", () => {
  const holdback = new Holdback();
  expect(holdback.push(NOW_MS, 7000)).toEqual({ waitMs: 7000, isClamped: false });
  expect(holdback.untilMs).toBe(NOW_MS + 7000);
});

test("lasts a day at most, and says that it was clamped", () => {
  const holdback = new Holdback();
  expect(holdback.push(NOW_MS, MAX_HOLDBACK_MS)).toEqual({ waitMs: MAX_HOLDBACK_MS, isClamped: false });
  expect(holdback.push(NOW_MS, 365 * MAX_HOLDBACK_MS)).toEqual({ waitMs: MAX_HOLDBACK_MS, isClamped: true });
  expect(holdback.untilMs).toBe(NOW_MS + MAX_HOLDBACK_MS);
});

test("knows what share of the time the endpoint is open, by its last wait", () => {
  const holdback = new Holdback();
  expect(holdback.openShare(NOW_MS)).toBe(1);
  holdback.push(NOW_MS, 1000);
  // Before its first wait it was open for ever.
  expect(holdback.openShare(NOW_MS)).toBeCloseTo(1, 6);
  holdback.push(NOW_MS + 1100, 900);
  // Answered together with the one before: the same wait.
  holdback.push(NOW_MS + 1101, 900);
  expect(holdback.openShare(NOW_MS + 1101)).toBeCloseTo(0.1, 9);
  // It asked for 900 ms, and is open for 900 ms again.
  expect(holdback.openShare(NOW_MS + 2901)).toBeCloseTo(0.5, 9);
});

test("is not ended by a shorter one", () => {
  const holdback = new Holdback();
  holdback.push(NOW_MS, 7000);
  holdback.push(NOW_MS + 1, 0);
  expect(holdback.untilMs).toBe(NOW_MS + 7000);
});

test("never ends further ahead than a day, not even after the wall clock stepped back", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.integer({ min: -1e9, max: 1e9 }), fc.nat(1e12))), (pushes) => {
      const holdback = new Holdback();
      let nowMs = NOW_MS;
      for (const [passedMs, askedMs] of pushes) {
        nowMs += passedMs;
        const { waitMs, isClamped } = holdback.push(nowMs, askedMs);
        expect(isClamped).toBe(waitMs < askedMs);
        expect(holdback.untilMs).toBeGreaterThanOrEqual(nowMs + waitMs);
        expect(holdback.untilMs).toBeLessThanOrEqual(nowMs + MAX_HOLDBACK_MS);
      }
    }),
  );
});
