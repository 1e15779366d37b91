import { pause } from "@postrider/kit-lifecycle";
import { describe, expect, test } from "vitest";

import { FakeClock } from "./fake-clock.ts";

describe("FakeClock", () => {
  test("runs due callbacks in the order of their times, at those times", () => {
    const clock = new FakeClock(1000);
    const seen: [string, number][] = [];
    clock.after(30, () => seen.push(["later", clock.nowMs()]));
    clock.after(10, () => {
      seen.push(["first", clock.nowMs()]);
      clock.after(10, () => seen.push(["asked for meanwhile", clock.nowMs()]));
    });
    clock.after(10, () => seen.push(["second", clock.nowMs()]));

    clock.advance(25);
    expect(seen).toEqual([
      ["first", 1010],
      ["second", 1010],
      ["asked for meanwhile", 1020],
    ]);
    expect(clock.nowMs()).toBe(1025);
    expect(clock.monotonicUs()).toBe(25_000);

    clock.advance(5);
    expect(seen.at(-1)).toEqual(["later", 1030]);
    expect(clock.pendingCount).toBe(0);
  });

  test("does not run what was cancelled, also by a callback of the same time", () => {
    const clock = new FakeClock();
    let ran = 0;
    const cancelFirst = clock.after(10, () => (ran += 1));
    clock.after(20, () => {
      cancelThird();
    });
    const cancelThird = clock.after(20, () => (ran += 1));
    cancelFirst();
    clock.advance(100);
    expect(ran).toBe(0);
  });

  test("lets code that awaits between two timers ask for the second", async () => {
    const clock = new FakeClock(0);
    const { signal } = new AbortController();
    const times: number[] = [];
    const loop = (async () => {
      for (let round = 0; round < 3; round += 1) {
        await pause(clock, 10, signal);
        times.push(clock.nowMs());
      }
    })();
    await clock.advanceAsync(100);
    await loop;
    expect(times).toEqual([10, 20, 30]);
  });

  test("refuses to go back", () => {
    expect(() => {
      new FakeClock().advance(-1);
    }).toThrow("advance(-1)");
  });
});
