import { type Deferred, DeferredError, type DeferredTask } from "@postrider/kit-deferred";
import { type AppendRecord, LogError } from "@postrider/kit-event-log";
import type { Logger } from "@postrider/kit-telemetry";
import {
  decodeAttempts,
  decodeDeadLetter,
  deliveryIdOf,
  encodeDeadLetter,
  encodeDeferredDelivery,
  TOPICS,
} from "@postrider/records";
import { deferredPromise, FakeClock } from "@postrider/testing";
import { Registry } from "prom-client";
import { describe, expect, test } from "vitest";
import { createDispatcherMetrics } from "./dispatcher-metrics.ts";
import { createRecorder, type Recorder } from "./recorder.ts";
import { attemptOf, eventOf, failureOf, settle, START_MS } from "./testing/builders.ts";

interface Bench {
  readonly recorder: Recorder;
  readonly clock: FakeClock;
  readonly abandon: AbortController;
  readonly appends: (readonly AppendRecord[])[];
  readonly defers: (readonly DeferredTask[])[];
  readonly registry: Registry;
  /** What was logged as an error. */
  readonly logged: unknown[];
  readonly failures: Error[];
  /** Decides how the next appends and defers end. */
  answer: (given: readonly (AppendRecord | DeferredTask)[]) => Promise<void>;
}

function createBench(attemptsLingerMs = 0): Bench {
  const clock = new FakeClock(START_MS);
  const abandon = new AbortController();
  const appends: (readonly AppendRecord[])[] = [];
  const defers: (readonly DeferredTask[])[] = [];
  const writer = {
    append: async (records: readonly AppendRecord[]): Promise<{ appendedAtMs: number }> => {
      appends.push(records);
      await bench.answer(records);
      return { appendedAtMs: clock.nowMs() };
    },
  };
  const deferred: Deferred = {
    defer: async (tasks) => {
      defers.push(tasks);
      await bench.answer(tasks);
    },
    run: async () => undefined,
  };
  const registry = new Registry();
  const metrics = createDispatcherMetrics({ registry, inFlight: () => 0, closed: () => 0 });
  const [logged, failures]: [unknown[], Error[]] = [[], []];
  const logger = { error: (...line: unknown[]) => logged.push(line) } as unknown as Logger;
  const fail = (error: Error): void => {
    failures.push(error);
    abandon.abort(error);
  };
  const recorder = createRecorder({
    ...{ writer, deferred, clock, logger, metrics, attemptsLingerMs },
    ...{ signal: abandon.signal, fail },
  });
  const bench: Bench = {
    ...{ recorder, clock, abandon, appends, defers, registry, logged, failures },
    answer: async () => undefined,
  };
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

  test("lets attempts wait for others for a moment, and nothing else", async () => {
    const bench = createBench(20);
    const numbers = [1, 2].map(async (number) => bench.recorder.recordAttempt(attemptOf({ number })));
    const others = [bench.recorder.recordDeadLetter(letter), bench.recorder.defer(task("sub_1"))];
    await bench.clock.advanceAsync(19);
    await Promise.all(others);
    const third = bench.recorder.recordAttempt(attemptOf({ number: 3 }));
    expect(bench.appends.flat().map(({ topic }) => topic)).toEqual([TOPICS.deadLetters]);
    await bench.clock.advanceAsync(1);
    await Promise.all([...numbers, third]);
    const [record] = bench.appends[1] ?? [];
    expect(decodeAttempts(record?.value ?? Buffer.alloc(0)).map(({ number }) => number)).toEqual([1, 2, 3]);
    // It begins anew with the next one.
    void bench.recorder.recordAttempt(attemptOf());
    await settle();
    expect([bench.appends.length, bench.clock.pendingCount]).toEqual([2, 1]);
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

/** The bytes of what was given. */
function sizeOf(given: readonly (AppendRecord | DeferredTask)[]): number {
  return given.reduce((sum, { value }) => sum + value.byteLength, 0);
}

/** Refuses what is larger than this all together. */
function refuseAbove(maxBytes: number): Bench["answer"] {
  return async (given) => {
    if (sizeOf(given) > maxBytes) throw new LogError("refused", `${sizeOf(given)} bytes are too many`);
  };
}

function refuse(topic: string): Bench["answer"] {
  return async (given) => {
    if (given.some((record) => "topic" in record && record.topic === topic)) throw new LogError("refused", "not this");
  };
}

describe("what is refused for good", () => {
  const failed = attemptOf({ result: { kind: "responded", status: 500, isAcknowledged: false } });

  test("costs none of what was given with it anything", async () => {
    const bench = createBench();
    const large = { ...failed, number: 5, url: "u".repeat(2000) };
    bench.answer = refuseAbove(1500);
    const attempts = Array.from({ length: 9 }, (_, index) => (index === 4 ? large : { ...failed, number: index + 1 }));
    const isDurable = (records: readonly AppendRecord[]): boolean => sizeOf(records) <= 1500;
    await Promise.all(attempts.map(async (attempt) => bench.recorder.recordAttempt(attempt)));
    const durable = bench.appends
      .filter(isDurable)
      .flat()
      .flatMap(({ value }) => decodeAttempts(value));
    expect(durable.map(({ number }) => number)).toEqual([1, 2, 3, 4, 6, 7, 8, 9]);
    expect(bench.logged).toMatchObject([
      [{ eventId: "evt_1", subscriptionId: "sub_1", number: 5 }, expect.any(String)],
    ]);
    expect(await bench.registry.metrics()).toContain('postrider_refused_records_total{record="attempt",fate="lost"} 1');
  });

  test("of an attempt is first the answer's body", async () => {
    const bench = createBench();
    bench.answer = refuseAbove(500);
    await bench.recorder.recordAttempt({ ...failed, bodyStart: Buffer.alloc(1024) });
    const [attempt] = decodeAttempts(bench.appends.at(-1)?.[0]?.value ?? new Uint8Array());
    expect([attempt?.eventId, attempt?.bodyStart.byteLength, bench.logged]).toEqual(["evt_1", 0, []]);
    expect(await bench.registry.metrics()).toContain('postrider_refused_records_total{record="attempt",fate="cut"} 1');
  });

  test("makes a deferred delivery a dead letter", async () => {
    const bench = createBench();
    const value = encodeDeferredDelivery({ event: eventOf(), subscriptionId: "sub_1", nextAttempt: 4 });
    bench.answer = async (given) => {
      if (given.some((task) => "dueAtMs" in task)) throw new DeferredError("refused", "too large");
    };
    await bench.recorder.defer({ key: "sub_1", value, dueAtMs: START_MS });
    const [record] = bench.appends.flat();
    expect(decodeDeadLetter(record?.value ?? new Uint8Array())).toEqual({
      ...{ event: eventOf(), subscriptionId: "sub_1", deliveryId: deliveryIdOf("evt_1", "sub_1") },
      ...{ attempts: 3, reason: "undeferrable", diedAtMs: START_MS },
    });
    const metrics = await bench.registry.metrics();
    expect(metrics).toContain('postrider_refused_records_total{record="deferred",fate="dead_letter"} 1');
    expect(metrics).toContain('postrider_deliveries_total{outcome="undeferrable"} 1');
  });

  test("of a dead letter is kept cut, in quarantine", async () => {
    const bench = createBench();
    bench.answer = refuse(TOPICS.deadLetters);
    await bench.recorder.recordDeadLetter(letter);
    expect(bench.appends.at(-1)).toMatchObject([
      { topic: TOPICS.quarantine, headers: { "postrider-topic": TOPICS.deadLetters, "postrider-reason": "not this" } },
    ]);
    expect(await bench.registry.metrics()).toContain(
      'postrider_refused_records_total{record="dead_letter",fate="cut"} 1',
    );
  });

  test("also when it is cut is told in the log, with its ids", async () => {
    const bench = createBench();
    bench.answer = async () => Promise.reject(new LogError("refused", "nothing at all"));
    await bench.recorder.recordDeadLetter(letter);
    const quarantined = { topic: TOPICS.quarantine, headers: { ce_id: "evt_7" }, value: Buffer.from("?") };
    await bench.recorder.recordQuarantined(quarantined);
    const ids = { eventId: "evt_1", tenantId: "app-7", subscriptionId: "sub_1", deliveryId: "dlv_1" };
    expect(bench.logged).toMatchObject([
      [{ ids }, expect.any(String)],
      [{ headers: { ce_id: "evt_7" } }, expect.any(String)],
    ]);
    const metrics = await bench.registry.metrics();
    for (const record of ["dead_letter", "quarantined"]) {
      expect(metrics).toContain(`postrider_refused_records_total{record="${record}",fate="lost"} 1`);
    }
  });

  test("is never waited for: what comes later is recorded", async () => {
    const bench = createBench();
    bench.answer = refuseAbove(0);
    await bench.recorder.recordAttempt(failed);
    bench.answer = async () => undefined;
    await bench.recorder.recordAttempt(failed);
    expect(bench.clock.pendingCount).toBe(0);
  });
});

test.each([
  ["a topic is gone", new LogError("setup", "topic postrider.attempts: not there")],
  ["rights are gone, for deferred deliveries too", Object.assign(new Error("not allowed"), { code: "setup" })],
])("where %s nothing is dropped: the process is to end", async (_, error) => {
  const bench = createBench();
  bench.answer = async () => Promise.reject(error);
  expect(await failureOf(bench.recorder.recordAttempt(attemptOf()))).toBe(error);
  expect(await failureOf(bench.recorder.recordDeadLetter(letter))).toBe(error);
  expect(await failureOf(bench.recorder.defer(task("a")))).toBe(error);
  expect([bench.failures, bench.appends.length, bench.defers.length]).toEqual([[error], 1, 0]);
});

test("a deferred delivery and a dead letter of the largest event fit into any log's record", () => {
  const event = eventOf({
    ...{ id: "i".repeat(64), tenantId: "t".repeat(64), type: "e".repeat(128), source: "s".repeat(256) },
    ...{ contentType: "c".repeat(128), orderingKey: "ü".repeat(256), data: Buffer.alloc(262_144) },
  });
  const deferred = encodeDeferredDelivery({ event, subscriptionId: "sub_1", nextAttempt: 99, heldSinceMs: START_MS });
  const dead = encodeDeadLetter({ ...letter, event, reason: "r".repeat(100) });
  expect(Math.max(deferred.byteLength, dead.value.byteLength)).toBeLessThan(300_000);
});
