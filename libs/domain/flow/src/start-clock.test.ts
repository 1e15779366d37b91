import fc from "fast-check";
import { expect, test } from "vitest";
import { StartClock } from "./start-clock.ts";

const NOW_MS = 1_700_000_000_000;

/** Starts whenever the rate allows, looked at every `stepMs`; gives the times. */
function startAll(clock: StartClock, stepMs: number, looks: number): number[] {
  const starts: number[] = [];
  for (let look = 0; look < looks; look++) {
    const nowMs = NOW_MS + look * stepMs;
    while (clock.nextStartAtMs <= nowMs && starts.length < 5000) {
      clock.start(nowMs);
      starts.push(nowMs);
    }
  }
  return starts;
}

function createClock(ratePerSecond: number, burst?: number): StartClock {
  const clock = new StartClock();
  clock.setRate(burst === undefined ? { ratePerSecond } : { ratePerSecond, burst });
  return clock;
}

test("lets a burst start at once after a pause, and then keeps to the rate", () => {
  const starts = startAll(createClock(10, 5), 50, 21);
  expect(starts.filter((atMs) => atMs === NOW_MS)).toHaveLength(5);
  expect(starts.filter((atMs) => atMs > NOW_MS)).toHaveLength(10);
});

test("keeps one start in a hundred seconds", () => {
  expect(startAll(createClock(0.01), 1000, 301).map((atMs) => atMs - NOW_MS)).toEqual([0, 100_000, 200_000, 300_000]);
});

test("keeps fifty in any second to fifty-one, as late as timers may be", () => {
  const starts = startAll(createClock(50), 7, 3000);
  for (const [index, atMs] of starts.entries()) {
    expect(starts.slice(index).filter((other) => other < atMs + 1000).length).toBeLessThanOrEqual(52);
  }
  expect(starts.length / 21).toBeGreaterThan(49.5);
});

/** The most by which any of the spans between two starts has more of them than its rate gives. */
function findExcess(starts: readonly number[], ratePerSecond: number): number {
  let [excess, lowest] = [0, Infinity];
  for (const [index, atMs] of starts.entries()) {
    const ahead = index - (ratePerSecond * atMs) / 1000;
    lowest = Math.min(lowest, ahead);
    excess = Math.max(excess, ahead - lowest + 1);
  }
  return excess;
}

test("starts no more in any time than the rate and one burst, and no less when asked often", () => {
  const rates = fc.oneof(fc.double({ min: 0.01, max: 1, noNaN: true }), fc.double({ min: 1, max: 4000, noNaN: true }));
  fc.assert(
    fc.property(rates, fc.integer({ min: 1, max: 50 }), fc.nat(10), (ratePerSecond, burst, stepMs) => {
      const starts = startAll(createClock(ratePerSecond, burst), stepMs, 200);
      const excess = findExcess(
        starts.map((atMs) => atMs - NOW_MS),
        ratePerSecond,
      );
      // Sums of times as large as these are exact to a thousandth of the shortest interval.
      const lost = starts.length / 1000;
      expect(excess).toBeLessThanOrEqual((ratePerSecond * 30) / 1000 + burst + lost);
      expect(starts.length).toBeGreaterThanOrEqual(Math.min(5000, Math.floor(0.999 * ratePerSecond * 0.199 * stepMs)));
    }),
  );
});
