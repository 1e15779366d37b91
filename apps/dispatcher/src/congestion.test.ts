import { FakeClock } from "@postrider/testing";
import { describe, expect, test } from "vitest";
import { Congestion } from "./congestion.ts";
import { START_MS } from "./testing/builders.ts";

interface Bench {
  readonly clock: FakeClock;
  readonly congestion: Congestion;
  waiting: number;
  isHeld: boolean;
  changes: number;
}

function createBench(): Bench {
  const clock = new FakeClock(START_MS);
  const change = (isHeld: boolean): void => {
    bench.isHeld = isHeld;
    bench.changes += 1;
  };
  const congestion = new Congestion({
    ...{ clock, waiting: () => bench.waiting },
    hold: () => {
      change(true);
    },
    release: () => {
      change(false);
    },
  });
  const bench: Bench = { clock, congestion, waiting: 0, isHeld: false, changes: 0 };
  return bench;
}

describe("congestion", () => {
  test("is when many wait and the process is late; then reading holds until half of them are gone", () => {
    const bench = createBench();
    bench.waiting = 4096;
    bench.congestion.note();
    bench.clock.stall(50);
    expect(bench.isHeld).toBe(false);
    bench.waiting = 4097;
    bench.clock.stall(50);
    expect(bench.isHeld).toBe(true);
    bench.waiting = 2049;
    bench.clock.stall(50);
    expect(bench.isHeld).toBe(true);
    bench.waiting = 2048;
    bench.clock.stall(50);
    expect([bench.isHeld, bench.changes]).toEqual([false, 2]);
  });

  test("is not when many wait and the process is on time: their endpoints are slow, and others are not", () => {
    const bench = createBench();
    bench.waiting = 100_000;
    bench.congestion.note();
    bench.clock.advance(10_000);
    expect(bench.changes).toBe(0);
  });

  test("ends some ticks after the last that came late, also when as many wait", () => {
    const bench = createBench();
    bench.waiting = 100_000;
    bench.congestion.note();
    bench.clock.stall(70);
    bench.clock.advance(2 * 20);
    expect(bench.isHeld).toBe(true);
    bench.clock.advance(10 * 20);
    expect([bench.isHeld, bench.changes]).toEqual([false, 2]);
  });

  test("is looked at only while anything waits", () => {
    const bench = createBench();
    bench.congestion.note();
    expect(bench.clock.pendingCount).toBe(0);
    bench.waiting = 1;
    bench.congestion.note();
    bench.congestion.note();
    expect(bench.clock.pendingCount).toBe(1);
    bench.waiting = 0;
    bench.clock.advance(20);
    expect(bench.clock.pendingCount).toBe(0);
  });
});
