import fc from "fast-check";
import { expect, test } from "vitest";
import { MAX_RESERVATION_MS, ReservationClock } from "./reservation-clock.ts";

const NOW_MS = 1_700_000_000_000;

test("spreads from the end of a block on, not all at once", () => {
  const clock = new ReservationClock(1000);
  const slots = [1, 2, 3].map(() => clock.reserve(NOW_MS, NOW_MS + 7000, 20));
  expect(slots).toEqual([NOW_MS + 7020, NOW_MS + 7040, NOW_MS + 7060]);
  expect([clock.isAhead(NOW_MS + 7059), clock.isAhead(NOW_MS + 7060)]).toEqual([true, false]);
});

test("gives a block's waiters the hour after it, however long it is", () => {
  const clock = new ReservationClock(1000);
  expect(clock.reserve(NOW_MS, NOW_MS + 86_400_000, 2 * MAX_RESERVATION_MS)).toBe(
    NOW_MS + 86_400_000 + MAX_RESERVATION_MS,
  );
});

const reservations = fc.array(
  fc.record({
    passedMs: fc.nat(60_000),
    blockMs: fc.nat(600_000),
    intervalMs: fc.double({ min: 0, max: 1e6, noNaN: true }),
  }),
);

test("gives slots that ascend, lie ahead, behind the block, and within the bound", () => {
  fc.assert(
    fc.property(reservations, (asked) => {
      const clock = new ReservationClock(1000);
      let [nowMs, blockedUntilMs, lastMs] = [NOW_MS, 0, 0];
      for (const { passedMs, blockMs, intervalMs } of asked) {
        nowMs += passedMs;
        if (blockMs > 300_000) blockedUntilMs = Math.max(blockedUntilMs, nowMs + blockMs);
        const slotMs = clock.reserve(nowMs, blockedUntilMs, intervalMs);
        expect(slotMs).toBeGreaterThanOrEqual(Math.max(nowMs + 1000, blockedUntilMs, lastMs));
        expect(slotMs).toBeLessThanOrEqual(Math.max(nowMs, blockedUntilMs) + MAX_RESERVATION_MS);
        lastMs = slotMs;
      }
    }),
  );
});
