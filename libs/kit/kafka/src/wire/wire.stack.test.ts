import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { systemClock } from "@postrider/kit-lifecycle";
import { findStack } from "@postrider/testing";
import { describe, expect, onTestFinished, test } from "vitest";
import { type Kafka, type KafkaAppend, type KafkaRecord, openKafka } from "../index.ts";
import type { StockRecord, StockTask } from "../testing/stock-client.ts";

const stack = findStack();
const broker = stack?.kafkaBrokers.split(",")[0] ?? "";
const RECORDS: readonly Omit<KafkaAppend, "topic">[] = [
  { key: "k", headers: { ce_id: "1", ce_type: "a" }, value: Buffer.from("value") },
  { headers: {}, value: Buffer.alloc(0) },
  { key: "", headers: { empty: "" }, value: Buffer.from([0, 0xff, 0x80]) },
  { key: "Schlüssel 🗝", headers: { größe: "ß", "🗝": "🚪" }, value: Buffer.from("ü") },
  { key: "k".repeat(5_000), headers: { long: "ö".repeat(9_000) }, value: Buffer.alloc(700_000, 7) },
  {
    headers: Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`h${index}`, String(index)])),
    value: Buffer.alloc(1),
  },
];

/** Kafka with one topic "t" of one partition, whose records have these names on the cluster. */
async function open(): Promise<{ kafka: Kafka; topic: string }> {
  const namePrefix = `test-${randomBytes(6).toString("hex")}.`;
  const kafka = await openKafka({
    ...{ brokers: [broker], namePrefix, clientId: "test", clock: systemClock, partitions: 1, replication: 1 },
  });
  onTestFinished(async () => kafka.close());
  await kafka.ensureTopics([{ name: "t", retentionMs: 3_600_000, maxMessageBytes: 1_048_588 }]);
  return { kafka, topic: `${namePrefix}t` };
}

async function runStock(task: Omit<StockTask, "broker">): Promise<readonly StockRecord[]> {
  const worker = new Worker(new URL("../testing/stock-client.ts", import.meta.url), {
    workerData: { broker, ...task },
  });
  const [read] = (await once(worker, "message")) as [readonly StockRecord[]];
  // Not awaited until it ends: as it comes, kafkajs has timers that never do.
  await worker.terminate();
  return read;
}

async function readAll(kafka: Kafka): Promise<KafkaRecord[]> {
  const records: KafkaRecord[] = [];
  const pages = kafka.readRange({ topic: "t", partition: 0, sinceMs: 0, beforeOffset: Infinity });
  for await (const page of pages) records.push(...page);
  return records;
}

function plain({ key, value, headers }: Omit<KafkaAppend, "topic"> | StockRecord): object {
  return { key: key ?? null, headers: { ...headers }, value: Buffer.from(value ?? []).toString("base64") };
}

describe.skipIf(stack === undefined)("over a real broker, which checks what it takes", () => {
  test("kafkajs as it comes reads what we write", async () => {
    const { kafka, topic } = await open();
    await kafka.producer.append(RECORDS.map((record) => ({ topic: "t", ...record })));
    const read = await runStock({ topic, appends: [], count: RECORDS.length });
    expect(read.map(plain)).toEqual(RECORDS.map(plain));
  });

  test("we read what kafkajs as it comes writes, also compressed", async () => {
    const { kafka, topic } = await open();
    const records = RECORDS.map(({ key = null, value, headers }) => ({ key, value, headers }));
    const nothing = { key: "tombstone", value: null, headers: {} };
    await runStock({
      topic,
      appends: [
        { isCompressed: false, records },
        { isCompressed: true, records: [...records, nothing] },
      ],
      count: 0,
    });
    const read = await readAll(kafka);
    expect(read.map(plain)).toEqual([...records, ...records, nothing].map(plain));
    expect(read.map(({ offset }) => offset)).toEqual(read.map((_, index) => index));
    expect(Math.min(...read.map(({ appendedAtMs }) => appendedAtMs))).toBeGreaterThan(Date.now() - 60_000);
  });
});
