import type { Consumer } from "kafkajs";

export interface TopicRecord {
  readonly partition: number;
  readonly offset: number;
  readonly key: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly value: Buffer;
  readonly appendedAtMs: number;
}

const READ_MS = 30_000;

/** Of each partition, as kafkajs tells them. */
type Ends = readonly { readonly partition: number; readonly low: string; readonly high: string }[];

/** Reads from the beginning up to what were the ends when it was asked. */
export async function readTopic(consumer: Consumer, topic: string, ends: Ends): Promise<readonly TopicRecord[]> {
  const unread = new Map(ends.flatMap(({ partition, low, high }) => (low === high ? [] : [[partition, Number(high)]])));
  const records: TopicRecord[] = [];
  if (unread.size === 0) return records;
  await consumer.connect();
  try {
    await consumer.subscribe({ topic, fromBeginning: true });
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new Error(`${topic} was not read within ${READ_MS} ms: ${JSON.stringify([...unread])}`));
      }, READ_MS);
      const run = consumer.run({
        autoCommit: false,
        eachMessage: async ({ partition, message }) => {
          const { offset, key, headers = {}, value, timestamp } = message;
          const texts = Object.entries(headers).map(([name, text]) => [name, String(text)]);
          records.push({
            ...{
              partition,
              offset: Number(offset),
              key: key?.toString(),
              headers: Object.fromEntries(texts) as Record<string, string>,
            },
            ...{ value: value ?? Buffer.alloc(0), appendedAtMs: Number(timestamp) },
          });
          if (Number(offset) + 1 >= (unread.get(partition) ?? Infinity)) unread.delete(partition);
          if (unread.size > 0) return Promise.resolve();
          clearTimeout(timer);
          resolve();
          return Promise.resolve();
        },
      });
      run.catch(reject);
    });
  } finally {
    await consumer.disconnect();
  }
  return records;
}
