import fc from "fast-check";
import { expect, test } from "vitest";
import { AdaptiveLimit, INITIAL_IN_FLIGHT, leastOf } from "./adaptive-limit.ts";

const NOW_MS = 1_700_000_000_000;

function increase(limit: AdaptiveLimit, times: number): void {
  for (let time = 0; time < times; time++) limit.increase();
}

test("starts small, smaller where less is allowed", () => {
  expect(new AdaptiveLimit(64).current).toBe(INITIAL_IN_FLIGHT);
  expect(new AdaptiveLimit(3).current).toBe(3);
});

test("doubles per round trip until the first congestion, up to what is allowed", () => {
  const limit = new AdaptiveLimit(20);
  increase(limit, 8);
  expect(limit.current).toBe(16);
  increase(limit, 16);
  expect(limit.current).toBe(20);
});

test("grows by one per round trip after a congestion, and as at first after the endpoint came back", () => {
  const limit = new AdaptiveLimit(64);
  limit.decrease(NOW_MS, NOW_MS - 10, 1);
  expect(limit.current).toBe(4);
  increase(limit, 3);
  expect(limit.current).toBe(4);
  increase(limit, 2);
  expect(limit.current).toBe(5);
  limit.restart();
  increase(limit, 5);
  expect(limit.current).toBe(10);
});

test("counts the failures of one round trip once", () => {
  const limit = new AdaptiveLimit(64);
  for (let failure = 0; failure < 8; failure++) limit.decrease(NOW_MS + failure, NOW_MS - 10 + failure, 1);
  expect(limit.current).toBe(4);
  // Began after the decrease: it met what the smaller number did.
  limit.decrease(NOW_MS + 30, NOW_MS + 10, 1);
  expect(limit.current).toBe(2);
});

test("goes down to one and no lower", () => {
  const limit = new AdaptiveLimit(64);
  for (let round = 1; round < 20; round++) limit.decrease(NOW_MS + 10 * round, NOW_MS + 10 * round - 5, 1);
  expect(limit.current).toBe(1);
});

test("a lower bound counts at once, and a higher one does not undo what congestion taught", () => {
  const limit = new AdaptiveLimit(64);
  limit.setMax(2);
  expect(limit.current).toBe(2);
  limit.setMax(64);
  expect(limit.current).toBe(INITIAL_IN_FLIGHT);
  limit.decrease(NOW_MS, NOW_MS - 1, 1);
  limit.setMax(100);
  expect(limit.current).toBe(4);
});

test("decreases too after the wall clock stepped back", () => {
  const limit = new AdaptiveLimit(64);
  limit.decrease(NOW_MS, NOW_MS - 1, 1);
  limit.decrease(NOW_MS - 60_000, NOW_MS - 60_010, 1);
  expect(limit.current).toBe(2);
});

test("falls below one where that is asked for: one at a time, and a pause before the next", () => {
  const limit = new AdaptiveLimit(64);
  for (let round = 1; round <= 5; round++) limit.decrease(NOW_MS + 10 * round, NOW_MS + 10 * round - 5, leastOf(10));
  expect([limit.current, limit.intervalMs(10), limit.paceMs(10)]).toEqual([1, 40, 40]);
  for (let round = 6; round <= 30; round++) limit.decrease(NOW_MS + 10 * round, NOW_MS + 10 * round - 5, leastOf(10));
  expect(limit.paceMs(10)).toBe(5000);
  // A loss of the connection says nothing about too much, and does not make it faster either.
  limit.decrease(NOW_MS + 500, NOW_MS + 490, 1);
  expect(limit.paceMs(10)).toBe(5000);
});

test("grows from below one slowly at first, and then ever faster", () => {
  const limit = new AdaptiveLimit(64);
  for (let round = 1; round <= 30; round++) limit.decrease(NOW_MS + 10 * round, NOW_MS + 10 * round - 5, leastOf(10));
  const paces = [8, 8, 8, 8].map((successes) => {
    increase(limit, successes);
    return Math.round(limit.paceMs(10));
  });
  expect(paces).toEqual([2916, 702, 76, 0]);
});

const steps = fc.array(
  fc.record({
    passedMs: fc.nat(100),
    kind: fc.constantFrom("increase", "increase", "decrease", "restart", "bound"),
    amount: fc.integer({ min: 1, max: 100 }),
  }),
);

test("is a whole number from 1 to its bound, whatever happens", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1000 }), steps, (first, life) => {
      let max = first;
      let nowMs = NOW_MS;
      const limit = new AdaptiveLimit(max);
      for (const { passedMs, kind, amount } of life) {
        nowMs += passedMs;
        if (kind === "increase") increase(limit, amount);
        else if (kind === "decrease") limit.decrease(nowMs, nowMs - amount, 1);
        else if (kind === "restart") limit.restart();
        else limit.setMax((max = amount));
        expect(Number.isInteger(limit.current)).toBe(true);
        expect(limit.current).toBeGreaterThanOrEqual(1);
        expect(limit.current).toBeLessThanOrEqual(max);
      }
    }),
  );
});
