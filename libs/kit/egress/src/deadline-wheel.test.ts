import type { Clock } from "@postrider/kit-lifecycle";
import { FakeClock } from "@postrider/testing";
import { describe, expect, test } from "vitest";

import { createDeadlineWheel } from "./deadline-wheel.ts";

const TICK_MS = 50;

describe("the deadline wheel", () => {
  test("expires each item at its deadline or up to two ticks later, never before", () => {
    const clock = new FakeClock();
    const wheel = createDeadlineWheel(clock, TICK_MS);
    const expired = new Map<number, number>();
    for (const timeoutMs of [0, 1, 49, 50, 51, 333, 1000]) {
      wheel.add({ expire: () => expired.set(timeoutMs, clock.monotonicUs() / 1000) }, clock.monotonicUs(), timeoutMs);
    }

    for (let ms = 0; ms < 1200; ms += 1) clock.advance(1);

    expect(expired.size).toBe(7);
    for (const [timeoutMs, atMs] of expired) {
      expect(atMs).toBeGreaterThanOrEqual(timeoutMs);
      expect(atMs).toBeLessThanOrEqual(timeoutMs + 2 * TICK_MS);
    }
  });

  test("has one timer for any number of deadlines, and none when nothing is left", () => {
    const clock = new FakeClock();
    const wheel = createDeadlineWheel(clock, TICK_MS);
    const items = Array.from({ length: 1000 }, (_, index) => {
      const item = { expire: () => undefined };
      return { item, slot: wheel.add(item, clock.monotonicUs(), 100 + index) };
    });
    expect(clock.pendingCount).toBe(1);

    for (const { item, slot } of items) wheel.remove(item, slot);
    clock.advance(TICK_MS);

    expect(clock.pendingCount).toBe(0);
  });

  test("does not expire what was removed, also by an item of the same slot", () => {
    const clock = new FakeClock();
    const wheel = createDeadlineWheel(clock, TICK_MS);
    const expired: string[] = [];
    const second = { expire: () => expired.push("second") };
    const first = {
      expire: () => {
        expired.push("first");
        wheel.remove(second, slot);
      },
    };
    wheel.add(first, 0, 10);
    const slot = wheel.add(second, 0, 10);

    clock.advance(200);

    expect(expired).toEqual(["first"]);
  });

  test("keeps time when the process was held up for longer than a tick", () => {
    const clock = new FakeClock();
    const held: Clock = {
      nowMs: clock.nowMs,
      monotonicUs: clock.monotonicUs,
      after: (delayMs, callback) => clock.after(delayMs + 300, callback),
    };
    const wheel = createDeadlineWheel(held, TICK_MS);
    let expiredCount = 0;
    for (const timeoutMs of [60, 120, 180]) wheel.add({ expire: () => (expiredCount += 1) }, 0, timeoutMs);
    clock.advance(350);

    expect(expiredCount).toBe(3);
    expect(clock.pendingCount).toBe(0);
  });

  test("stops at once", () => {
    const clock = new FakeClock();
    const wheel = createDeadlineWheel(clock, TICK_MS);
    wheel.add({ expire: () => expect.fail("expired after the stop") }, 0, 10);
    wheel.stop();

    expect(clock.pendingCount).toBe(0);
    clock.advance(100);
  });
});
