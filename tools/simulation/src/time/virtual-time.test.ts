import { expect, test } from "vitest";
import { Machine } from "./machine.ts";
import { START_MS, VirtualTime } from "./virtual-time.ts";

test("calls timers in the order of their times, equal ones in that of their asking, and promises before the next", async () => {
  const time = new VirtualTime();
  const told: string[] = [];
  const tell = (name: string) => (): void => {
    told.push(`${name} at ${time.nowMs - START_MS}`);
    void Promise.resolve()
      .then(() => undefined)
      .then(() => told.push(`what follows from ${name}`));
  };
  time.after(20, tell("late"));
  time.after(10, tell("first"));
  time.after(10, tell("second"));
  time.after(30, tell("too late"));
  time.after(5, tell("cancelled"))();
  await time.runUntil(START_MS + 25);
  expect(told).toEqual([
    ...["first at 10", "what follows from first", "second at 10", "what follows from second"],
    ...["late at 20", "what follows from late"],
  ]);
  expect(time.nowMs).toBe(START_MS + 25);
});

test("a timer that is asked for by another fires in its turn", async () => {
  const time = new VirtualTime();
  const told: number[] = [];
  const again = (): void => {
    told.push(time.nowMs - START_MS);
    time.after(10, again);
  };
  time.after(10, again);
  await time.runUntil(START_MS + 35);
  expect(told).toEqual([10, 20, 30]);
});

test("nothing of a killed machine comes any more, and its step of the clock is the wall clock's alone", async () => {
  const time = new VirtualTime();
  const told: string[] = [];
  const machine = new Machine({ time, random: () => 0, aheadMs: 5, onKilled: () => told.push("killed") });
  machine.clock.after(10, () => told.push("timer"));
  void machine.wait(20).then(() => told.push("wait"));
  machine.setClockAhead(-100);
  expect(machine.clock.nowMs()).toBe(START_MS - 100);
  expect(machine.clock.monotonicUs()).toBe(0);
  machine.armKill(2);
  void machine.pass().then(() => told.push("passed"));
  await time.runUntil(START_MS + 15);
  void machine.pass().then(() => told.push("passed again"));
  await time.runUntil(START_MS + 30);
  expect(told).toEqual(["passed", "timer", "killed"]);
});
