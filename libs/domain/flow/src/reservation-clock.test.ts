import fc from "fast-check";
import { expect, test } from "vitest";
import { FIRST_RESERVATION_MS, MAX_RESERVATION_MS, ReservationClock } from "./reservation-clock.ts";

const NOW_MS = 1_700_000_000_000;

/** How far one is put off that has to wait for long. */
function furthest(waitedMs: number, blockedUntilMs = 0): number {
  return new ReservationClock(1000).reserve(NOW_MS, { blockedUntilMs, intervalMs: 1e9, waitedMs }) - NOW_MS;
}

test("spreads from the end of a block on, not all at once", () => {
  const clock = new ReservationClock(1000);
  const reservation = { blockedUntilMs: NOW_MS + 7000, intervalMs: 20, waitedMs: 0 };
  const slots = [1, 2, 3].map(() => clock.reserve(NOW_MS, reservation));
  expect(slots).toEqual([NOW_MS + 7020, NOW_MS + 7040, NOW_MS + 7060]);
  expect([clock.isAhead(NOW_MS + 7059), clock.isAhead(NOW_MS + 7060)]).toEqual([true, false]);
});

test("puts off for as long as one has waited, in minutes doubled: one at first and sixty at last", () => {
  expect(furthest(0)).toBe(FIRST_RESERVATION_MS);
  expect([60_000, 60_001, 186_000].map((waitedMs) => furthest(waitedMs) - 2000)).toEqual([60_000, 120_000, 240_000]);
  expect(furthest(1e9)).toBe(MAX_RESERVATION_MS);
  // Behind a block, from its end on.
  expect(furthest(0, NOW_MS + 86_400_000)).toBe(86_400_000 + FIRST_RESERVATION_MS);
});

test("keeps the slots of those who may wait longer when one is cut", () => {
  const clock = new ReservationClock(1000);
  const long = { blockedUntilMs: 0, intervalMs: 200_000, waitedMs: 1e6 };
  const slots = [long, { ...long, waitedMs: 0 }, long].map((reservation) => clock.reserve(NOW_MS, reservation));
  expect(slots).toEqual([NOW_MS + 201_000, NOW_MS + FIRST_RESERVATION_MS, NOW_MS + 401_000]);
});

test("gives near slots again after the wall clock stepped back", () => {
  const clock = new ReservationClock(1000);
  const reservation = { blockedUntilMs: 0, intervalMs: 20, waitedMs: 1e9 };
  clock.reserve(NOW_MS + 86_400_000, reservation);
  expect(clock.reserve(NOW_MS, reservation)).toBe(NOW_MS + MAX_RESERVATION_MS);
});

const reservations = fc.array(
  fc.record({
    passedMs: fc.nat(60_000),
    blockMs: fc.nat(600_000),
    intervalMs: fc.double({ min: 0, max: 1e6, noNaN: true }),
    waitedMs: fc.oneof(fc.constant(0), fc.nat(1e7)),
  }),
);

test("gives slots that lie ahead, behind the block, within the bound, and ascend unless that cuts them", () => {
  fc.assert(
    fc.property(reservations, (asked) => {
      const clock = new ReservationClock(1000);
      let [nowMs, blockedUntilMs, lastMs] = [NOW_MS, 0, 0];
      for (const { passedMs, blockMs, intervalMs, waitedMs } of asked) {
        nowMs += passedMs;
        if (blockMs > 300_000) blockedUntilMs = Math.max(blockedUntilMs, nowMs + blockMs);
        const slotMs = clock.reserve(nowMs, { blockedUntilMs, intervalMs, waitedMs });
        const boundMs = furthest(waitedMs);
        expect(boundMs).toBeLessThanOrEqual(Math.max(FIRST_RESERVATION_MS, 2 * waitedMs + 2000));
        const furthestMs = Math.max(nowMs, blockedUntilMs) + boundMs;
        expect(slotMs).toBeGreaterThanOrEqual(Math.max(nowMs + 1000, blockedUntilMs));
        expect(slotMs).toBeLessThanOrEqual(furthestMs);
        if (slotMs < furthestMs) expect(slotMs).toBeGreaterThanOrEqual(lastMs);
        lastMs = Math.max(lastMs, slotMs);
      }
    }),
  );
});
