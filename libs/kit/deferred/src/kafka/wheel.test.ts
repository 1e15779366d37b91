import { type GroupConsumer, type GroupEvents, type Kafka, KafkaError } from "@postrider/kit-kafka";
import { FakeClock } from "@postrider/testing";
import { beforeEach, expect, test } from "vitest";
import type { DeferredTask } from "../deferred.ts";
import { createMemoryKafka, type MemoryKafka } from "../testing/memory-kafka.ts";
import { createMemoryLog } from "../testing/memory-log.ts";
import { pauseFor, startWheelProcess, type WheelProcess, type WheelProcessOptions } from "../testing/wheel-process.ts";
import { type KafkaDeferredOptions, openKafkaDeferred } from "./open-kafka-deferred.ts";
import { defaultTopicPrefix as prefix } from "./tiers.ts";

let clock: FakeClock;
let memory: MemoryKafka;
let startMs: number;

beforeEach(() => {
  clock = new FakeClock();
  memory = createMemoryKafka({ clock, partitions: 1 });
  startMs = clock.nowMs();
});

test("a task is handed out in the order of due times, from whichever tiers they come", async () => {
  const wheel = await start();
  const delays = [400_000, 31_000, 90_000, 10, 7_000, 36_000, 4_000_000, 0];
  await defer(...delays);
  await clock.advanceAsync(4_001_000);
  expect(wheel.handedOut.map(({ dueAtMs }) => dueAtMs - startMs)).toEqual(delays.toSorted((a, b) => a - b));
  for (const { atMs, dueAtMs } of wheel.handedOut) expect(atMs - dueAtMs).toBeLessThan(250);
});

test("of several tasks that are due, the one that is due for the longest goes first", async () => {
  const wheel = await start({ maxInFlight: 1, onDue: () => pauseFor(clock, 10) });
  await defer(-1_000, -3_000, -2_000, -9_000);
  await clock.advanceAsync(100);
  expect(wheel.handedOut.map(({ dueAtMs }) => dueAtMs - startMs)).toEqual([-9_000, -3_000, -2_000, -1_000]);
});

test("what tiers with a delay hold never stops what is due at once", async () => {
  const wheel = await start({ maxHeld: 10 });
  await defer(...Array.from({ length: 50 }, (_, index) => 55_000 + index));
  await clock.advanceAsync(31_000);
  await defer(0, 0, 0, 0, 0);
  await clock.advanceAsync(10);
  expect(wheel.handedOut).toHaveLength(5);
  await clock.advanceAsync(25_000);
  expect(wheel.handedOut).toHaveLength(55);
});

test("no more than maxHeld tasks are in memory, and the others wait in the log", async () => {
  const gate = Promise.withResolvers<undefined>();
  const wheel = await start({ maxHeld: 10, maxInFlight: 1_000, onDue: () => gate.promise.then(() => undefined) });
  await defer(...Array.from({ length: 100 }, () => 0));
  await clock.advanceAsync(60_000);
  expect(wheel.handedOut).toHaveLength(10);
  expect(standing("0s")).toBe(100);
  gate.resolve(undefined);
  await clock.advanceAsync(1_000);
  expect(wheel.handedOut).toHaveLength(100);
});

test("a crowd that is due after exactly a tier's delay is copied no further, however little room there is", async () => {
  const wheel = await start({ maxHeld: 10, maxInFlight: 5, onDue: () => pauseFor(clock, 10) });
  await defer(...Array.from({ length: 1_000 }, () => 60_000));
  await clock.advanceAsync(65_000);
  expect(wheel.handedOut).toHaveLength(1_000);
  expect(["1m", "30s", "15s", "5s", "0s"].map(standing)).toEqual([1_000, 0, 0, 0, 0]);
});

test("what is due goes on although much is held that is due later", async () => {
  const wheel = await start({ maxInFlight: 20_000 });
  await defer(...Array.from({ length: 20_000 }, () => 100_000));
  await clock.advanceAsync(61_000);
  await defer(...Array.from({ length: 20_000 }, () => 5_000));
  await clock.advanceAsync(6_000);
  expect(wheel.handedOut).toHaveLength(20_000);
  await clock.advanceAsync(40_000);
  expect(wheel.handedOut).toHaveLength(40_000);
});

test("bytes are bounded too", async () => {
  const wheel = await start({ maxHeldBytes: 35, onDue: () => new Promise(() => undefined) });
  await client().defer(Array.from({ length: 9 }, () => taskOf("k", 0, 10)));
  await clock.advanceAsync(60_000);
  expect(wheel.handedOut).toHaveLength(3);
});

test("a partition with too much unfinished is not read on, so that a crash repeats only that", async () => {
  const stuck = ({ key }: DeferredTask) =>
    key.startsWith("stuck") ? new Promise<void>(() => undefined) : Promise.resolve();
  const first = await start({ maxInFlight: 10_000, onDue: stuck });
  const tasks = Array.from({ length: 3_000 }, (_, index) => [taskOf(`stuck-${index}`, 0), taskOf("done", 0)]);
  await client().defer(tasks.flat());
  await clock.advanceAsync(1_000);
  const countStuck = (wheel: WheelProcess) => wheel.handedOut.filter(({ key }) => key !== "done").length;
  const stuckCount = countStuck(first);
  expect(stuckCount).toBeGreaterThan(1_000);
  expect(stuckCount).toBeLessThanOrEqual(2_048);
  const { metadata } = memory.findCommitted(prefix, { topic: `${prefix}.0s`, partition: 0 }) ?? { metadata: "" };
  expect(metadata.length).toBeGreaterThan(2_000);
  expect(metadata.length).toBeLessThanOrEqual(3_072);
  first.kill();
  await clock.advanceAsync(60_000);
  const second = await start({ maxInFlight: 10_000 });
  await clock.advanceAsync(1_000);
  expect(countStuck(second)).toBe(3_000);
  expect(first.handedOut.length + second.handedOut.length).toBe(6_000 + stuckCount);
});

test("a partition moves a part at a time, however much is mature", async () => {
  const connection = memory.connect();
  let appending = 0;
  let highest = 0;
  const append: Kafka["producer"]["append"] = async (records) => {
    appending += records.length;
    highest = Math.max(highest, appending);
    await pauseFor(clock, 50);
    appending -= records.length;
    return connection.producer.append(records);
  };
  const wheel = await start({ kafka: { group: connection.group, producer: { append } }, maxInFlight: 2_000 });
  await defer(...Array.from({ length: 2_000 }, () => 362_000));
  await clock.advanceAsync(241_000);
  expect([standing("4m"), standing("2m")]).toEqual([2_000, 2_000]);
  expect(highest).toBe(500);
  await clock.advanceAsync(125_000);
  expect(wheel.handedOut).toHaveLength(2_000);
});

test("a steady stream in a tier is looked at in steps, not for each record", async () => {
  const looks = { count: 0 };
  const wheel = await start({ kafka: countLooks(looks) });
  for (let n = 0; n < 2_000; n++) clock.after(n * 10, () => void defer(5_000));
  await clock.advanceAsync(30_000);
  expect(wheel.handedOut).toHaveLength(2_000);
  expect(looks.count).toBeGreaterThan(20);
  // 25 s of matured records at 5 looks a second, and a few when there was more to read.
  expect(looks.count).toBeLessThan(2 * 125);
});

test("a record without a due time is handed out at once, and told", async () => {
  const wheel = await start();
  const topic = `${prefix}.0s`;
  void memory.connect().producer.append([
    { topic, headers: { "due-ms": "soon" }, value: Uint8Array.of(1) },
    { topic, key: "good", headers: { "due-ms": String(startMs) }, value: Uint8Array.of(2) },
  ]);
  await clock.advanceAsync(10);
  expect(wheel.handedOut.map(({ key }) => key).toSorted()).toEqual(["", "good"]);
  expect(wheel.notices).toEqual([{ kind: "malformed", topic: `${prefix}.0s`, partition: 0, offset: 0 }]);
});

test("a move is tried until it works, and what was moved is finished only then", async () => {
  const wheel = await start();
  await defer(430_000);
  await clock.advanceAsync(239_000);
  memory.faults.isAway = true;
  await clock.advanceAsync(180_000);
  expect(committed("4m")).toBe(0);
  expect(wheel.notices.every(({ kind }) => kind === "move_failed")).toBe(true);
  // Backed off: 100 ms doubling to 5 s.
  expect(wheel.notices.length).toBeGreaterThan(5);
  expect(wheel.notices.length).toBeLessThan(50);
  memory.faults.isAway = false;
  await clock.advanceAsync(6_000);
  expect(committed("4m")).toBe(1);
  // 5 to 11 s were left by then: by its tier of 5 s, not by one that would have fitted at first.
  expect(standing("5s")).toBe(1);
  await clock.advanceAsync(10_000);
  expect(wheel.handedOut.map(({ atMs }) => atMs - startMs)).toEqual([430_000]);
});

test("what is held is handed out while the broker is away, and committed when it is back", async () => {
  const wheel = await start();
  await defer(4_000);
  await clock.advanceAsync(1_000);
  memory.faults.isAway = true;
  await clock.advanceAsync(5_000);
  expect(wheel.handedOut).toHaveLength(1);
  expect(committed("0s")).toBe(0);
  expect(wheel.notices.some(({ kind }) => kind === "commit_failed")).toBe(true);
  memory.faults.isAway = false;
  await clock.advanceAsync(500);
  expect(committed("0s")).toBe(1);
});

test("nothing is committed while nothing happens", async () => {
  await start();
  await defer(3_000_000);
  await clock.advanceAsync(10);
  // The next look at the 16 min tier, capped at a minute.
  expect(clock.pendingCount).toBe(1);
});

test("a crash repeats what was in flight, and nothing that was committed", async () => {
  const first = await start({
    onDue: ({ key }) => (key === "stuck" ? new Promise(() => undefined) : Promise.resolve()),
  });
  await client().defer([taskOf("stuck", 0), taskOf("done", 0), taskOf("done too", 0)]);
  await clock.advanceAsync(1_000);
  expect(first.handedOut).toHaveLength(3);
  first.kill();
  await clock.advanceAsync(60_000);
  const second = await start();
  await clock.advanceAsync(1_000);
  expect(second.handedOut.map(({ key }) => key)).toEqual(["stuck"]);
});

test("at the stop nothing new is handed out, what is in flight is waited for, and then committed", async () => {
  const gate = Promise.withResolvers<undefined>();
  const wheel = await start({ maxInFlight: 1, onDue: () => gate.promise.then(() => undefined) });
  await defer(0, 1, 2);
  await clock.advanceAsync(1_000);
  const order: string[] = [];
  const stopped = wheel.stop().then(() => order.push("stopped"));
  await clock.advanceAsync(60_000);
  order.push("gate opens");
  gate.resolve(undefined);
  await clock.advanceAsync(10);
  await stopped;
  expect(order).toEqual(["gate opens", "stopped"]);
  expect(wheel.handedOut).toHaveLength(1);
  expect(committed("0s")).toBe(1);
  expect(clock.pendingCount).toBe(0);
});

test("a move that is under way at the stop is waited for", async () => {
  memory = createMemoryKafka({ clock, partitions: 1, latencyMs: 1_000 });
  const wheel = await start();
  void openKafkaDeferred({ kafka: memory.connect(), clock }).defer([taskOf("k", 400_000)]);
  // The move begins when the record has been appended, was mature and was fetched: 1 + 240 + 1 s.
  await clock.advanceAsync(242_500);
  const stopped = wheel.stop();
  await clock.advanceAsync(2_000);
  await stopped;
  expect([standing("4m"), committed("4m"), standing("2m")]).toEqual([1, 1, 1]);
});

test("a move that failed is not tried again after the stop, nor waited for", async () => {
  const wheel = await start();
  await defer(400_000);
  memory.faults.isAway = true;
  await clock.advanceAsync(270_000);
  expect(wheel.notices.length).toBeGreaterThan(0);
  const stopped = wheel.stop();
  await clock.advanceAsync(10);
  await stopped;
  expect([standing("4m"), committed("4m")]).toEqual([1, 0]);
  expect(clock.pendingCount).toBe(0);
});

test("partitions that leave take nothing along here; those that stay keep what they hold", async () => {
  memory = createMemoryKafka({ clock, partitions: 2 });
  const gate = Promise.withResolvers<undefined>();
  const first = await start({
    onDue: ({ key }) => (key.startsWith("slow") ? gate.promise.then(() => undefined) : Promise.resolve()),
  });
  const keys = Array.from({ length: 8 }, (_, index) => `task-${index}`);
  await client().defer([...keys.map((key) => taskOf(key, 4_000)), ...keys.map((key) => taskOf(`slow-${key}`, 0))]);
  await clock.advanceAsync(1_000);
  const second = await start();
  await clock.advanceAsync(1_000);
  gate.resolve(undefined);
  await clock.advanceAsync(10_000);

  const due = (wheel: WheelProcess) => wheel.handedOut.map(({ key }) => key).filter((key) => key.startsWith("task"));
  expect([...due(first), ...due(second)].toSorted()).toEqual(keys);
  expect(Math.min(due(first).length, due(second).length)).toBeGreaterThan(0);
  // What was in flight in the partition that left is repeated there, and its late end here counts for nothing.
  const slowKeysOf = (partition: number) =>
    memory.log.read({ topic: `${prefix}.0s`, partition }).filter(({ key }) => key?.startsWith("slow"));
  const slow = (wheel: WheelProcess) => wheel.handedOut.length - due(wheel).length;
  expect(slow(first)).toBe(8);
  expect(slow(second)).toBe(slowKeysOf(1).length);
});

test("a task that is rejected after its partition left is not handed out again here", async () => {
  const gate = Promise.withResolvers<never>();
  const first = await start({ onDue: () => gate.promise });
  await defer(0);
  await clock.advanceAsync(100);
  const second = await start();
  if (second.handedOut.length === 0) await memory.rebalance(prefix);
  await clock.advanceAsync(100);
  gate.reject(new Error("not now"));
  await clock.advanceAsync(100_000);
  expect([first.handedOut.length, second.handedOut.length]).toEqual([1, 1]);
});

test("held tasks of partitions that left make room for others", async () => {
  memory = createMemoryKafka({ clock, partitions: 2 });
  const first = await start({ maxHeld: 4 });
  await client().defer(keysIn(1, 4).map((key) => taskOf(key, 4_000)));
  await clock.advanceAsync(10);
  await client().defer(keysIn(0, 3).map((key) => taskOf(key, 0)));
  await clock.advanceAsync(100);
  expect(first.handedOut).toEqual([]);
  const second = await start();
  await clock.advanceAsync(100);
  expect(first.handedOut).toHaveLength(3);
  await clock.advanceAsync(5_000);
  expect([first.handedOut.length, second.handedOut.length]).toEqual([3, 4]);
});

test("run rejects when reading can't go on, after what is in flight has ended", async () => {
  const failing = Promise.withResolvers<never>();
  const order: string[] = [];
  const wheel = await start({
    kafka: withGroup((consumer) => ({
      ...consumer,
      run: (events, signal) => Promise.race([consumer.run(events, signal), failing.promise]),
    })),
    onDue: async () => {
      await pauseFor(clock, 5_000);
      order.push("handled");
    },
  });
  await defer(0);
  await clock.advanceAsync(1_000);
  failing.reject(new KafkaError("unavailable", "no coordinator"));
  const ended = wheel.ended.catch((error: unknown) => {
    order.push("rejected");
    return error;
  });
  await clock.advanceAsync(10_000);
  expect(await ended).toMatchObject({
    name: "DeferredError",
    code: "unavailable",
    message: "deferred tasks: no coordinator",
  });
  expect(order).toEqual(["handled", "rejected"]);
});

test("run rejects when the client was closed under a move", async () => {
  const connection = memory.connect();
  let isClosed = false;
  const wheel = await start({
    kafka: {
      group: connection.group,
      producer: {
        append: (records) =>
          isClosed ? Promise.reject(new KafkaError("closed", "closed")) : connection.producer.append(records),
      },
    },
  });
  await defer(400_000);
  isClosed = true;
  const ended = wheel.ended.catch((error: unknown) => error);
  await clock.advanceAsync(250_000);
  expect(await ended).toMatchObject({ name: "DeferredError", message: "deferred tasks: closed" });
});

test("defer tells what may work later from what can't", async () => {
  const rejecting = (error: Error): KafkaDeferredOptions["kafka"] => ({
    ...memory.connect(),
    producer: { append: () => Promise.reject(error) },
  });
  const deferTo = (error: Error) => openKafkaDeferred({ kafka: rejecting(error), clock }).defer([taskOf("k", 0)]);
  await expect(deferTo(new KafkaError("unavailable", "away"))).rejects.toMatchObject({ code: "unavailable" });
  await expect(deferTo(new KafkaError("closed", "closed"))).rejects.toMatchObject({ code: "unavailable" });
  await expect(deferTo(new KafkaError("refused", "too large"))).rejects.toMatchObject({
    code: "refused",
    message: "deferring 1 tasks: too large",
  });
  await expect(client().defer([taskOf("k", 0.5)])).rejects.toMatchObject({ code: "refused" });
  await client().defer([]);
});

test("a broker whose clock is ahead makes tasks late, and never early", async () => {
  const wheel = await start();
  memory.faults.clockAheadMs = 3_000;
  await defer(6_000, 0);
  await clock.advanceAsync(10_000);
  expect(wheel.handedOut.map(({ atMs, dueAtMs }) => [dueAtMs - startMs, atMs - startMs])).toEqual([
    [0, 2],
    [6_000, 8_002],
  ]);
});

test("a clock skew is told by who appends, at most once a minute", async () => {
  const wheel = await start();
  memory.faults.clockAheadMs = -5_000;
  for (let n = 0; n < 5; n++) void wheel.deferred.defer([taskOf("k", 0)]);
  await clock.advanceAsync(10);
  expect(wheel.notices).toEqual([{ kind: "clock_skew", brokerAheadMs: -4_999 }]);
});

test("bounds that can't work are refused", async () => {
  const kafka = memory.connect();
  expect(() => openKafkaDeferred({ kafka, clock, maxHeld: 1 })).toThrow("maxHeld is 1: it must be 2 or more");
  expect(() => openKafkaDeferred({ kafka, clock, maxHeldBytes: 0 })).toThrow("maxHeldBytes is 0");
  await expect(start({ maxInFlight: 0 }).then(({ ended }) => ended)).rejects.toMatchObject({ code: "refused" });
});

async function start(options: Partial<WheelProcessOptions> = {}): Promise<WheelProcess> {
  const wheel = startWheelProcess({ memory, clock, ...options });
  await clock.advanceAsync(0);
  return wheel;
}

function client() {
  const { defer: deferNow } = openKafkaDeferred({ kafka: memory.connect(), clock });
  return {
    defer: async (tasks: readonly DeferredTask[]): Promise<void> => {
      const deferred = deferNow(tasks);
      deferred.catch(() => undefined);
      await clock.advanceAsync(1);
      await deferred;
    },
  };
}

/** Tasks that are due in so many milliseconds. */
async function defer(...delaysMs: readonly number[]): Promise<void> {
  await client().defer(delaysMs.map((delayMs) => taskOf("k", delayMs)));
}

function taskOf(key: string, delayMs: number, bytes = 1): DeferredTask {
  return { key, value: new Uint8Array(bytes), dueAtMs: clock.nowMs() + delayMs };
}

/** Keys whose records go to this one of two partitions. */
function keysIn(partition: number, count: number): readonly string[] {
  const scratch = createMemoryLog(2);
  for (let n = 0; n < 10 * count; n++) {
    scratch.append({ topic: "t", key: `key-${n}`, headers: {}, value: new Uint8Array(0) }, 0);
  }
  return scratch
    .read({ topic: "t", partition })
    .slice(0, count)
    .map(({ key }) => key ?? "");
}

/** How many records stand in a tier's first partition. */
function standing(tier: string): number {
  return memory.log.read({ topic: `${prefix}.${tier}`, partition: 0 }).length;
}

function committed(tier: string): number {
  return memory.findCommitted(prefix, { topic: `${prefix}.${tier}`, partition: 0 })?.offset ?? 0;
}

/** A connection whose group is changed. */
function withGroup(change: (consumer: GroupConsumer) => GroupConsumer): Pick<Kafka, "producer" | "group"> {
  const connection = memory.connect();
  return { producer: connection.producer, group: (options) => change(connection.group(options)) };
}

function countLooks(looks: { count: number }): Pick<Kafka, "producer" | "group"> {
  return withGroup((consumer) => ({
    ...consumer,
    run: (events, signal) => {
      const records: GroupEvents["records"] = (from, given) => {
        if (from.topic.endsWith(".5s")) looks.count++;
        return events.records(from, given);
      };
      return consumer.run({ ...events, records }, signal);
    },
  }));
}
