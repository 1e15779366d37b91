import { type Clock, pause } from "@postrider/kit-lifecycle";
import { readMessages } from "./read-batch.ts";
import { createKafkaError } from "./kafka-failure.ts";
import type { KafkaRecord, RangeToRead } from "./kafka.ts";
import type { Names } from "./names.ts";
import type { Cluster, FetchedPartition } from "./kafkajs-internals.ts";

const PAGE_BYTES = 1024 * 1024;
/** Leaders change within seconds. */
const TRIES = { most: 8, delayMs: 250 };

export interface ReadRangeDeps {
  /** Connected. */
  readonly cluster: Cluster;
  readonly clock: Clock;
  readonly names: Names;
}

/** Reads a range of one partition from its leader, without any group. @throws {KafkaError} */
export async function* readRange(range: RangeToRead, deps: ReadRangeDeps): AsyncGenerator<readonly KafkaRecord[]> {
  const topic = deps.names.toCluster(range.topic);
  const what = `could not read back partition ${range.partition} of ${topic}`;
  let offset = await retry(what, deps, async () => findFirstOffset(topic, range, deps.cluster));
  while (offset !== undefined && offset < range.beforeOffset) {
    const from: number = offset;
    const page = await retry(what, deps, async () => fetchPage({ ...range, topic, offset: from }, deps.cluster));
    const read = readMessages(page.messages, { partition: range.partition, fromOffset: from });
    const wanted = read.filter(({ offset: at }) => at < range.beforeOffset);
    if (wanted.length > 0) yield wanted;
    const last = page.messages.at(-1);
    if (!last || last.offset + 1 >= Number(page.highWatermark)) return;
    offset = last.offset + 1;
  }
}

/** Undefined when nothing was appended since. */
async function findFirstOffset(
  topic: string,
  { partition, sinceMs, fromOffset = 0 }: RangeToRead,
  cluster: Cluster,
): Promise<number | undefined> {
  await cluster.addMultipleTargetTopics([topic]);
  await cluster.refreshMetadataIfNecessary();
  const partitions = [{ partition }];
  const [since] = await cluster.fetchTopicsOffset([
    { topic, partitions, fromTimestamp: Math.max(0, Math.floor(sinceMs)) },
  ]);
  const offset = Number(since?.partitions[0]?.offset ?? -1);
  if (offset < 0) return undefined;
  const [earliest] = await cluster.fetchTopicsOffset([{ topic, partitions, fromBeginning: true }]);
  return Math.max(offset, fromOffset, Number(earliest?.partitions[0]?.offset ?? 0));
}

async function fetchPage(
  { topic, partition, offset }: { readonly topic: string; readonly partition: number; readonly offset: number },
  cluster: Cluster,
): Promise<FetchedPartition> {
  const leader = cluster.findTopicPartitionMetadata(topic).find(({ partitionId }) => partitionId === partition)?.leader;
  if (leader === undefined) throw new Error(`partition ${partition} of ${topic} is not known`);
  const broker = await cluster.findBroker({ nodeId: leader });
  const { responses } = await broker.fetch({
    ...{ isolationLevel: 0, maxWaitTime: 100, minBytes: 1, maxBytes: PAGE_BYTES },
    topics: [{ topic, partitions: [{ partition, fetchOffset: String(offset), maxBytes: PAGE_BYTES }] }],
  });
  const page = responses[0]?.partitions[0];
  if (!page) throw new Error(`no answer for partition ${partition} of ${topic}`);
  return page;
}

async function retry<T>(what: string, { cluster, clock }: ReadRangeDeps, request: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await request();
    } catch (error) {
      if (tries === TRIES.most) throw createKafkaError(what, error);
      await pause(clock, TRIES.delayMs * tries);
      // What fails here fails again above.
      await cluster.refreshMetadata().catch(() => undefined);
    }
  }
}
