/*
 * kafkajs as it comes, in a thread of its own, where nothing of it was replaced: the other side of a proof. Appends what
 * it is given, then reads the topic's first partition from the beginning until it has as many records as it should.
 */
import { parentPort, workerData } from "node:worker_threads";
import { CompressionTypes, Kafka, logLevel, type Message } from "kafkajs";

export interface StockTask {
  readonly broker: string;
  readonly topic: string;
  /** Each of them a batch. */
  readonly appends: readonly { readonly isCompressed: boolean; readonly records: readonly StockRecord[] }[];
  /** Records to read. */
  readonly count: number;
}

export interface StockRecord {
  readonly key: string | null;
  readonly value: Uint8Array | null;
  readonly headers: Readonly<Record<string, string>>;
}

const { broker, topic, appends, count } = workerData as StockTask;
const kafkajs = new Kafka({ brokers: [broker], clientId: "stock", logLevel: logLevel.NOTHING });

const producer = kafkajs.producer();
await producer.connect();
for (const { isCompressed, records } of appends) {
  await producer.send({
    topic,
    compression: isCompressed ? CompressionTypes.GZIP : CompressionTypes.None,
    messages: records.map(({ key, value, headers }): Message => {
      return { key, value: value === null ? null : Buffer.from(value), headers: { ...headers } };
    }),
  });
}
await producer.disconnect();

const consumer = kafkajs.consumer({ groupId: `stock-${topic}`, maxWaitTimeInMs: 100 });
await consumer.connect();
await consumer.subscribe({ topics: [topic], fromBeginning: true });
const read: StockRecord[] = [];
await new Promise<void>((resolve, reject) => {
  if (count === 0) {
    resolve();
    return;
  }
  consumer.on("consumer.crash", ({ payload }) => {
    // Else it begins again by itself: the group's coordinator may have just been made.
    if (!payload.restart) reject(payload.error);
  });
  void consumer.run({
    autoCommit: false,
    eachMessage: async ({ message: { key, value, headers = {} } }) => {
      const texts = Object.entries(headers).map(([name, found]): [string, string] => [name, String(found)]);
      read.push({ key: key?.toString() ?? null, value, headers: Object.fromEntries(texts) });
      if (read.length === count) resolve();
      return Promise.resolve();
    },
  });
});
parentPort?.postMessage(read);
await consumer.disconnect();
