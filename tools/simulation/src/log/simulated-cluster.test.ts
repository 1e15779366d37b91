import type { GroupEvents } from "@postrider/kit-kafka";
import { expect, test } from "vitest";
import { Machine } from "../time/machine.ts";
import { RandomSource } from "../time/random-source.ts";
import { START_MS, VirtualTime } from "../time/virtual-time.ts";
import { SimulatedCluster } from "./simulated-cluster.ts";

const TOPIC = "events";

function createBench(partitions = 2) {
  const time = new VirtualTime();
  const observer = { appended: () => undefined, moved: () => undefined, readBackFailed: () => undefined };
  const cluster = new SimulatedCluster({
    ...{ time, random: new RandomSource(1), topics: new Map([[TOPIC, partitions]]), observer },
  });
  const start = () => {
    const machine = new Machine({
      time,
      random: () => 0,
      aheadMs: 0,
      onKilled: () => {
        kafka.die();
      },
    });
    const kafka = cluster.connect(machine);
    const member = kafka.group({ group: "g", topics: [TOPIC] });
    const told: string[] = [];
    const records: string[] = [];
    const events: GroupEvents = {
      assigned: (positions) => {
        told.push(`+${positions.map(({ partition }) => partition).join("")}`);
      },
      revoked: (places) => {
        told.push(`-${places.map(({ partition }) => partition).join("")}`);
      },
      records: (_, read) => {
        records.push(...read.map(({ key = "" }) => key));
        return read.length;
      },
      rebalancing: () => [],
    };
    void member.run(events, new AbortController().signal);
    return { machine, kafka, member, told, records };
  };
  const append = async (keys: readonly string[]): Promise<string> => {
    const machine = new Machine({ time, random: () => 0, aheadMs: 0, onKilled: () => undefined });
    const records = keys.map((key) => ({ topic: TOPIC, key, headers: {}, value: new Uint8Array() }));
    return cluster
      .connect(machine)
      .producer.append(records)
      .then(
        () => "durable",
        (error: unknown) => String(error),
      );
  };
  const runFor = (ms: number) => time.runUntil(time.nowMs + ms);
  return { time, cluster, start, append, runFor };
}

const KEYS = Array.from({ length: 40 }, (_, index) => `k${index}`);

test("members share the partitions, and one that was killed gives up its own after its session", async () => {
  const { start, append, runFor } = createBench();
  const [first, second] = [start(), start()];
  await runFor(5_000);
  expect([first.told, second.told]).toEqual([["+0"], ["+1"]]);
  first.machine.kill();
  void append(KEYS);
  await runFor(5_000);
  expect(first.records).toEqual([]);
  const seenBefore = second.records.length;
  expect(seenBefore).toBeGreaterThan(0);
  await runFor(10_000);
  expect(second.told).toEqual(["+1", "+0"]);
  expect(second.records.toSorted()).toEqual(KEYS.toSorted());
});

test("what was committed is where the next owner reads on; a commit of one that was thrown out is refused", async () => {
  const { start, append, runFor } = createBench(1);
  const first = start();
  void append(KEYS);
  await runFor(5_000);
  expect(first.records).toEqual(KEYS);
  void first.member.commit([{ topic: TOPIC, partition: 0, offset: 20, metadata: "" }]);
  await runFor(1_000);
  first.kafka.expel(60_000);
  const late = first.member.commit([{ topic: TOPIC, partition: 0, offset: 30, metadata: "" }]).catch(String);
  const second = start();
  await runFor(5_000);
  await expect(late).resolves.toContain("the generation is over");
  expect(second.records.length).toBeGreaterThan(0);
  expect(KEYS.slice(-second.records.length)).toEqual(second.records);
});

test("an append whose answer is lost stands in the log, and its caller is told that nobody knows", async () => {
  const { cluster, append, runFor } = createBench(1);
  Object.assign(cluster.faults, { lostAnswers: 1 });
  const outcome = append(["k"]);
  await runFor(60_000);
  await expect(outcome).resolves.toContain("no answer came");
  expect(cluster.readAll(TOPIC).map(({ key }) => key)).toContain("k");
});

test("while the brokers are away nothing is taken, and what was tried long enough is refused as unavailable", async () => {
  const { cluster, append, runFor } = createBench(1);
  cluster.faults.isAway = true;
  const outcome = append(["k"]);
  await runFor(30_000);
  await expect(outcome).resolves.toContain("no answer came");
  expect(cluster.readAll(TOPIC)).toEqual([]);
});

test("reads back a range of what was appended since a time", async () => {
  const { time, cluster, append, runFor } = createBench(1);
  void append(KEYS.slice(0, 10));
  await runFor(1_000);
  const sinceMs = time.nowMs;
  void append(KEYS.slice(10));
  await runFor(1_000);
  const machine = new Machine({ time, random: () => 0, aheadMs: 0, onKilled: () => undefined });
  const read: string[] = [];
  const range = { topic: TOPIC, partition: 0, sinceMs, beforeOffset: Number.MAX_SAFE_INTEGER };
  void (async () => {
    for await (const page of cluster.connect(machine).readRange(range)) read.push(...page.map(({ key = "" }) => key));
  })();
  await time.runUntil(START_MS + 10_000);
  expect(read).toEqual(KEYS.slice(10));
});
