import { randomBytes } from "node:crypto";
import { systemClock } from "@postrider/kit-lifecycle";
import { createWatchers, findStack } from "@postrider/testing";
import { describe, expect, onTestFinished, test } from "vitest";
import { type GroupPosition, type Kafka, KafkaError, openKafka, type TopicPartition } from "./index.ts";
import { loadKafkajs } from "./load-kafkajs.ts";

const stack = findStack();
const brokers = stack?.kafkaBrokers.split(",") ?? [];
const HOUR_MS = 3_600_000;
const plan = { name: "events", retentionMs: HOUR_MS, maxMessageBytes: 1_048_588 };

/** Names of this test alone. */
function createPrefix(): string {
  return `test-${randomBytes(6).toString("hex")}.`;
}

async function open(namePrefix = createPrefix(), replication = 1): Promise<Kafka> {
  const kafka = await openKafka({
    ...{ brokers, namePrefix, clientId: "test", clock: systemClock, partitions: 6, replication },
  });
  onTestFinished(async () => kafka.close());
  return kafka;
}

test("a cluster that does not answer is named, with what to change", async () => {
  const options = { namePrefix: "", clientId: "test", clock: systemClock, partitions: 1, replication: 1 };
  const opening = openKafka({ ...options, brokers: ["127.0.0.1:1"] });
  await expect(opening).rejects.toThrow(/no Kafka at 127\.0\.0\.1:1 .*ECONNREFUSED.*POSTRIDER_KAFKA_BROKERS/);
});

describe.skipIf(stack === undefined)("topics", () => {
  test("are made by two services at once", async () => {
    const prefix = createPrefix();
    const [one, two] = [await open(prefix), await open(prefix)];
    await Promise.all([one.ensureTopics([plan]), two.ensureTopics([plan])]);
    await one.assertWritable(["events"]);
  });

  test("need as many brokers as copies", async () => {
    const ensuring = (await open(createPrefix(), 3)).ensureTopics([plan]);
    await expect(ensuring).rejects.toMatchObject({ name: "KafkaError", code: "setup" });
    await expect(ensuring).rejects.toThrow(/1 broker.*3 copies.*POSTRIDER_KAFKA_REPLICATION/);
  });

  test("that exist and would break a promise are told in one line", async () => {
    const prefix = createPrefix();
    await makeTopic(`${prefix}events`);
    const ensuring = (await open(prefix)).ensureTopics([plan]);
    await expect(ensuring).rejects.toMatchObject({ code: "setup" });
    await expect(ensuring).rejects.toThrow(
      /^[^\n]*message\.timestamp\.type=CreateTime instead of LogAppendTime[^\n]*$/,
    );
  });
});

async function makeTopic(topic: string): Promise<void> {
  const { Kafka: Client, logLevel } = loadKafkajs();
  const admin = new Client({ brokers, logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  await admin.createTopics({ waitForLeaders: false, topics: [{ topic, numPartitions: 1, replicationFactor: 1 }] });
  await admin.disconnect();
}

/** A member that takes everything and says what it has. */
function join(kafka: Kafka, watchers: ReturnType<typeof createWatchers>) {
  const member = kafka.group({ group: "g", topics: ["events"] });
  const has = new Set<number>();
  const announced: number[] = [];
  const values: string[] = [];
  const next = new Map<number, number>();
  const numbers = (places: readonly TopicPartition[]): number[] => places.map(({ partition }) => partition);
  const run = member.run(
    {
      assigned: (positions) => {
        for (const { partition, offset } of positions) next.set(partition, offset);
        announced.push(...numbers(positions));
        for (const partition of numbers(positions)) has.add(partition);
        watchers.changed();
      },
      revoked: (places) => {
        for (const partition of numbers(places)) has.delete(partition);
        watchers.changed();
      },
      records: ({ partition }, records) => {
        values.push(...records.map(({ value }) => Buffer.from(value).toString()));
        next.set(partition, (records.at(-1)?.offset ?? 0) + 1);
        watchers.changed();
        return records.length;
      },
      rebalancing: (): GroupPosition[] =>
        [...has].map((partition) => ({
          ...{ topic: "events", partition, offset: next.get(partition) ?? 0, metadata: "m" },
        })),
    },
    new AbortController().signal,
  );
  run.catch(() => undefined);
  return { member, has, announced, values };
}

describe.skipIf(stack === undefined)("members of a group", () => {
  test("share the partitions, keep what stays, and go on from what was committed when partitions move", async () => {
    const prefix = createPrefix();
    const [one, two] = [await open(prefix), await open(prefix)];
    await one.ensureTopics([plan]);
    const watchers = createWatchers();
    const until = async (condition: () => boolean, what: string): Promise<void> =>
      watchers.waitUntil(condition, () => what, 20_000);
    const append = async (from: number): Promise<void> => {
      const records = Array.from({ length: 60 }, (_, index) => ({
        ...{ topic: "events", key: `k${index}`, headers: {}, value: Buffer.from(String(from + index)) },
      }));
      await one.producer.append(records);
    };
    const first = join(one, watchers);
    await append(0);
    await until(() => first.values.length === 60, "the first member reads everything");
    const second = join(two, watchers);
    await until(() => second.has.size === 3 && first.has.size === 3, "they share");
    expect([...first.has, ...second.has].toSorted()).toEqual([0, 1, 2, 3, 4, 5]);
    // Those that stayed were not announced again.
    expect(first.announced).toHaveLength(6);
    await append(60);
    await until(() => first.values.length + second.values.length >= 120, "both read on");
    // What was committed before the partitions moved did not come again.
    expect([...first.values, ...second.values].map(Number).toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: 120 }, (_, index) => index),
    );
    await two.close();
    await until(() => first.has.size === 6, "the first gets all back");
    await append(120);
    await until(() => first.values.length + second.values.length >= 180, "and reads them");
  });

  test("commit only what is theirs", async () => {
    const kafka = await open();
    await kafka.ensureTopics([plan]);
    const watchers = createWatchers();
    const { member, has } = join(kafka, watchers);
    await watchers.waitUntil(
      () => has.size === 6,
      () => "assigned",
      20_000,
    );
    await member.commit([{ topic: "events", partition: 99, offset: 7, metadata: "" }]);
    await member.commit([{ topic: "events", partition: 0, offset: 0, metadata: "x".repeat(4096) }]);
    const tooLong = member.commit([{ topic: "events", partition: 0, offset: 0, metadata: "x".repeat(4097) }]);
    await expect(tooLong).rejects.toBeInstanceOf(KafkaError);
  });
});
