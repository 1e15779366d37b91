import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Deferred, DeferredTask } from "../deferred.ts";
import { runAndCollect } from "./task-collector.ts";

/** Fresh deferred work for one test, on the machine's own clock. */
export interface DeferredBench {
  readonly deferred: Deferred;
  /** Closes and opens again, as a restart of the process would. Called while nothing runs. */
  readonly reopen: () => Promise<Deferred>;
  /** Closes whatever is open, and removes it. */
  readonly close: () => Promise<void>;
  /** What this adapter may be late by when nothing holds it up, milliseconds. */
  readonly latenessMs: number;
  /** How long a run may take to begin, milliseconds: joining a group, say. 0 if not given. */
  readonly startMs?: number;
}

/** What every adapter of deferred work must do. */
export function describeDeferred(name: string, open: () => Promise<DeferredBench>): void {
  describe(name, () => {
    let bench: DeferredBench;
    beforeEach(async () => {
      bench = await open();
    });
    afterEach(async () => {
      await bench.close();
    });
    testTimes(() => bench);
    testKeeping(() => bench);
    testFailures(() => bench);
    testLoad(() => bench);
  });
}

function testTimes(bench: () => DeferredBench): void {
  test("hands out tasks as they were deferred, not before they are due, and soon after", async () => {
    const { deferred, latenessMs, startMs: beginMs = 0 } = bench();
    const startMs = Date.now();
    const everyByte = Uint8Array.from({ length: 256 }, (_, index) => index);
    const tasks: DeferredTask[] = [
      { key: "later", value: everyByte.subarray(10, 200), dueAtMs: startMs + 400 },
      { key: "schlüssel-😀", value: everyByte, dueAtMs: startMs + 200 },
      { key: "now", value: new Uint8Array(0), dueAtMs: startMs },
      { key: "past", value: Uint8Array.of(0), dueAtMs: startMs - 100_000 },
    ];
    await deferred.defer(tasks);
    const collector = runAndCollect(deferred);
    await collector.until(tasks.length);
    await collector.stop();
    expect(sortByKey(collector.tasks).map(copyOf)).toEqual(sortByKey(tasks).map(copyOf));
    for (const { task, atMs } of collector.handedOut) {
      expect(atMs).toBeGreaterThanOrEqual(task.dueAtMs);
      expect(atMs).toBeLessThan(Math.max(task.dueAtMs, startMs + beginMs) + latenessMs + 1_000);
    }
  });

  test("hands out in the order of due times, if these lie apart", async () => {
    const { deferred, latenessMs, startMs: beginMs = 0 } = bench();
    const startMs = Date.now() + 100 + beginMs;
    const stepMs = 30 + latenessMs;
    const order = [3, 1, 4, 0, 2];
    await deferred.defer(order.map((place) => numbered(place, startMs + place * stepMs)));
    const collector = runAndCollect(deferred);
    await collector.until(order.length);
    await collector.stop();
    expect(collector.tasks.map(({ key }) => key)).toEqual(["task-0", "task-1", "task-2", "task-3", "task-4"]);
  });

  test("an earlier task that is added while it waits is handed out first", async () => {
    const { deferred } = bench();
    const collector = runAndCollect(deferred);
    await deferred.defer([numbered(1, Date.now() + 3_600_000)]);
    await deferred.defer([numbered(2, Date.now() + 50)]);
    await collector.until(1);
    await collector.stop();
    expect(collector.tasks.map(({ key }) => key)).toEqual(["task-2"]);
  });
}

function testKeeping(bench: () => DeferredBench): void {
  test("keeps tasks over a reopen, also those that became due meanwhile", async () => {
    const { deferred, reopen } = bench();
    const nowMs = Date.now();
    await deferred.defer([numbered(1, nowMs + 1), numbered(2, nowMs + 300), numbered(3, nowMs + 3_600_000)]);
    const collector = runAndCollect(await reopen());
    await collector.until(2);
    await collector.stop();
    expect(collector.tasks.map(({ key }) => key).toSorted()).toEqual(["task-1", "task-2"]);
  });

  test("hands out again what was in flight unhandled at the stop, and not what was handled", async () => {
    const { deferred, reopen } = bench();
    const nowMs = Date.now();
    await deferred.defer([numbered(1, nowMs), numbered(2, nowMs)]);
    const first = runAndCollect(deferred, {
      onDue: ({ key }) => (key === "task-1" ? Promise.resolve() : Promise.reject(new Error("not now"))),
    });
    await first.until(2);
    await first.stop();
    const second = runAndCollect(await reopen());
    await second.until(1);
    await second.stop();
    expect(second.tasks.map(({ key }) => key)).toEqual(["task-2"]);
  });

  test("run resolves only when the tasks in flight have ended", async () => {
    const { deferred } = bench();
    const handling = Promise.withResolvers<undefined>();
    const collector = runAndCollect(deferred, { onDue: () => handling.promise.then(() => undefined) });
    await deferred.defer([numbered(1, Date.now())]);
    await collector.until(1);
    const ended: string[] = [];
    const stopped = collector.stop().then(() => ended.push("run"));
    ended.push("handling");
    handling.resolve(undefined);
    await stopped;
    expect(ended).toEqual(["handling", "run"]);
  });
}

function testFailures(bench: () => DeferredBench): void {
  test("hands a rejected task out again, the same and after a pause, and holds up no other", async () => {
    const { deferred } = bench();
    const collector = runAndCollect(deferred, {
      onDue: async ({ key }, time) => {
        if (key === "task-1" && time === 1) throw new Error("once");
      },
    });
    const nowMs = Date.now();
    await deferred.defer([numbered(1, nowMs), numbered(2, nowMs + 1), numbered(3, nowMs + 100)]);
    await collector.until(4);
    await collector.stop();
    expect(collector.tasks.map(({ key }) => key).toSorted()).toEqual(["task-1", "task-1", "task-2", "task-3"]);
    const [first, second] = collector.handedOut.filter(({ task }) => task.key === "task-1");
    expect(second?.task).toEqual(first?.task);
    expect((second?.atMs ?? 0) - (first?.atMs ?? 0)).toBeGreaterThanOrEqual(200);
  });

  test("a handler that throws before it waits counts as one that rejected", async () => {
    const { deferred } = bench();
    const collector = runAndCollect(deferred, {
      onDue: (_task, time) => {
        if (time === 1) throw new Error("at once");
        return Promise.resolve();
      },
    });
    await deferred.defer([numbered(1, Date.now())]);
    await collector.until(2);
    await collector.stop();
    expect(collector.tasks).toHaveLength(2);
  });
}

function testLoad(bench: () => DeferredBench): void {
  test("holds no more than maxInFlight tasks at a time, and gets through all", async () => {
    const { deferred } = bench();
    let inFlight = 0;
    let highest = 0;
    const nowMs = Date.now();
    await deferred.defer(Array.from({ length: 100 }, (_, index) => numbered(index, nowMs)));
    const collector = runAndCollect(deferred, {
      maxInFlight: 7,
      onDue: async () => {
        highest = Math.max(highest, ++inFlight);
        await new Promise((resolve) => setImmediate(resolve));
        inFlight--;
      },
    });
    await collector.until(100);
    await collector.stop();
    expect(highest).toBe(7);
    expect(new Set(collector.tasks.map(({ key }) => key)).size).toBe(100);
  });

  test("hands out 5,000 tasks, half of them deferred while it runs, each once and none early", async () => {
    const { deferred } = bench();
    const startMs = Date.now();
    const tasks = Array.from({ length: 5_000 }, (_, index) => numbered(index, startMs + ((index * 7_919) % 1_500)));
    await deferred.defer(tasks.slice(0, 2_500));
    const collector = runAndCollect(deferred, { maxInFlight: 500 });
    const rest = tasks.slice(2_500);
    for (let from = 0; from < rest.length; from += 50) await deferred.defer(rest.slice(from, from + 50));
    await collector.until(5_000);
    await collector.stop();
    expect(sortByKey(collector.tasks).map(copyOf)).toEqual(sortByKey(tasks).map(copyOf));
    const early = collector.handedOut.filter(({ task, atMs }) => atMs < task.dueAtMs);
    expect(early).toEqual([]);
  });
}

function numbered(number: number, dueAtMs: number): DeferredTask {
  return { key: `task-${number}`, value: new TextEncoder().encode(`value of ${number}`), dueAtMs };
}

function sortByKey(tasks: readonly DeferredTask[]): DeferredTask[] {
  return tasks.toSorted((a, b) => (a.key < b.key ? -1 : 1));
}

/** With bytes in a buffer of their own and of one class, as equality of views asks for. */
function copyOf(task: DeferredTask): DeferredTask {
  return { ...task, value: Uint8Array.from(task.value) };
}
