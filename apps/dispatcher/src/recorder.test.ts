import type { Deferred, DeferredTask } from "@postrider/kit-deferred";
import { type AppendRecord, LogError } from "@postrider/kit-event-log";
import { decodeAttempts, decodeDeadLetter, TOPICS } from "@postrider/records";
import { deferredPromise, FakeClock } from "@postrider/testing";
import { describe, expect, test } from "vitest";
import { createRecorder, type Recorder } from "./recorder.ts";
import { attemptOf, eventOf, failureOf, settle, silentLogger, START_MS } from "./testing/builders.ts";

interface Bench {
  readonly recorder: Recorder;
  readonly clock: FakeClock;
  readonly abandon: AbortController;
  readonly appends: (readonly AppendRecord[])[];
  readonly defers: (readonly DeferredTask[])[];
  /** Decides how the next appends and defers end. */
  answer: () => Promise<void>;
}

function createBench(): Bench {
  const clock = new FakeClock(START_MS);
  const abandon = new AbortController();
  const appends: (readonly AppendRecord[])[] = [];
  const defers: (readonly DeferredTask[])[] = [];
  const writer = {
    append: async (records: readonly AppendRecord[]): Promise<{ appendedAtMs: number }> => {
      appends.push(records);
      await bench.answer();
      return { appendedAtMs: clock.nowMs() };
    },
  };
  const deferred: Deferred = {
    defer: async (tasks) => {
      defers.push(tasks);
      await bench.answer();
    },
    run: async () => undefined,
  };
  const recorder = createRecorder({ writer, deferred, clock, logger: silentLogger, signal: abandon.signal });
  const bench: Bench = { recorder, clock, abandon, appends, defers, answer: async () => undefined };
  return bench;
}

function task(key: string): DeferredTask {
  return { key, value: Buffer.from(key), dueAtMs: START_MS + 5000 };
}

const letter = {
  event: eventOf(),
  subscriptionId: "sub_1",
  deliveryId: "dlv_1",
  attempts: 3,
  reason: "exhausted",
  diedAtMs: START_MS,
};

describe("the recorder", () => {
  test("resolves when the record is durable, and not before", async () => {
    const bench = createBench();
    const { promise, resolve } = deferredPromise();
    bench.answer = async () => promise;
    let isDurable = false;
    const recorded = bench.recorder.recordAttempt(attemptOf()).then(() => (isDurable = true));
    await settle();
    expect([bench.appends.length, isDurable]).toEqual([1, false]);
    resolve(undefined);
    await recorded;
    expect(bench.appends.flat().map(({ topic }) => topic)).toEqual([TOPICS.attempts]);
  });

  test("gathers while an append is out, so that the next one takes all that came meanwhile", async () => {
    const bench = createBench();
    const { promise, resolve } = deferredPromise();
    bench.answer = async () => promise;
    const first = bench.recorder.recordAttempt(attemptOf({ number: 1 }));
    await settle();
    const others = [2, 3, 4].map(async (number) => bench.recorder.recordAttempt(attemptOf({ number })));
    await settle();
    expect(bench.appends).toHaveLength(1);
    resolve(undefined);
    await Promise.all([first, ...others]);
    const numbers = bench.appends.map((records) =>
      records.flatMap(({ value }) => decodeAttempts(value).map(({ number }) => number)),
    );
    expect(numbers).toEqual([[1], [2, 3, 4]]);
    expect(bench.appends[1]).toHaveLength(1);
  });

  test("puts at most 256 attempts into one record, which so stays under 1 MiB however large they are", async () => {
    const bench = createBench();
    const large = attemptOf({
      ...{ url: "u".repeat(2048), eventType: "t".repeat(128), tenantId: "a".repeat(64), eventId: "e".repeat(64) },
      ...{ result: { kind: "responded", status: 500, isAcknowledged: false }, bodyStart: Buffer.alloc(1024) },
    });
    await Promise.all(Array.from({ length: 600 }, async () => bench.recorder.recordAttempt(large)));
    const records = bench.appends.flat();
    expect(records.map(({ value }) => decodeAttempts(value).length)).toEqual([256, 256, 88]);
    expect(Math.max(...records.map(({ value }) => value.byteLength))).toBeLessThan(1_000_000);
  });

  test("records dead letters and quarantined records", async () => {
    const bench = createBench();
    const quarantined = { topic: TOPICS.quarantine, headers: {}, value: Buffer.from("?") };
    await Promise.all([bench.recorder.recordDeadLetter(letter), bench.recorder.recordQuarantined(quarantined)]);
    const records = bench.appends.flat();
    expect(records.map(({ topic }) => topic)).toEqual([TOPICS.deadLetters, TOPICS.quarantine]);
    expect(decodeDeadLetter(records[0]?.value ?? Buffer.alloc(0))).toEqual(letter);
  });

  test("defers together what came together", async () => {
    const bench = createBench();
    await Promise.all(["a", "b"].map(async (key) => bench.recorder.defer(task(key))));
    expect(bench.defers).toEqual([[task("a"), task("b")]]);
  });

  test("does not let one kind of record wait for another", async () => {
    const bench = createBench();
    bench.answer = async () => new Promise(() => undefined);
    void bench.recorder.recordAttempt(attemptOf());
    await settle();
    bench.answer = async () => undefined;
    await bench.recorder.defer(task("a"));
    await bench.recorder.recordDeadLetter(letter);
  });

  test("tries again while the log is away, until the record is durable, at growing distances", async () => {
    const bench = createBench();
    bench.answer = async () => Promise.reject(new LogError("unavailable", "the disk is full"));
    let isDurable = false;
    const recorded = bench.recorder.recordAttempt(attemptOf()).then(() => (isDurable = true));
    await bench.clock.advanceAsync(20_000);
    // At 0, 0.05, 0.15, 0.35, 0.75, 1.55, 3.15, 6.35, 11.35 and 16.35 s.
    expect([bench.appends.length, isDurable]).toEqual([10, false]);
    bench.answer = async () => undefined;
    await bench.clock.advanceAsync(5000);
    await recorded;
    expect(bench.appends).toHaveLength(11);
    expect(new Set(bench.appends.map((records) => records.length))).toEqual(new Set([1]));
    await bench.recorder.recordAttempt(attemptOf());
    expect(bench.appends).toHaveLength(12);
  });

  test("tries again while the store of deferred deliveries is away", async () => {
    const bench = createBench();
    bench.answer = async () => Promise.reject(new Error("away"));
    const deferred = bench.recorder.defer(task("a"));
    await bench.clock.advanceAsync(50);
    bench.answer = async () => undefined;
    await bench.clock.advanceAsync(100);
    await deferred;
    expect(bench.defers).toEqual([[task("a")], [task("a")], [task("a")]]);
  });

  test("gives up when the process ends: what waits, what has gathered, and what comes later", async () => {
    const bench = createBench();
    bench.answer = async () => Promise.reject(new LogError("unavailable", "away"));
    const waiting = failureOf(bench.recorder.recordAttempt(attemptOf()));
    await settle();
    const gathered = failureOf(bench.recorder.recordAttempt(attemptOf()));
    const reason = new Error("the process ends");
    bench.abandon.abort(reason);
    expect([await waiting, await gathered]).toEqual([reason, reason]);
    expect(await failureOf(bench.recorder.recordAttempt(attemptOf()))).toBe(reason);
    expect([bench.appends.length, bench.clock.pendingCount]).toEqual([1, 0]);
  });
});
