// What tests and chaos see of a platform's Kafka, through a plain client: nothing of the platform's own code is asked
// how the platform is doing.
import { AssignerProtocol, type Consumer, Kafka, logLevel, Partitioners } from "kafkajs";

/** Where the platform's dispatchers stand in one partition. */
export interface PartitionLag {
  readonly topic: string;
  readonly partition: number;
  /** The offset that would be written next. */
  readonly endOffset: number;
  /** The offset to read next; 0 when nothing is committed. */
  readonly committedOffset: number;
}

export interface TopicRecord {
  readonly partition: number;
  readonly offset: number;
  readonly key: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly value: Buffer;
  readonly appendedAtMs: number;
}

interface NewRecord {
  readonly key?: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly value: string | Buffer;
}

export interface KafkaView {
  /** Node id of the leader of a partition. */
  readonly findLeader: (topic: string, partition: number) => Promise<number>;
  /** Node id of the coordinator of the dispatchers' group. */
  readonly findCoordinator: () => Promise<number>;
  /** Partitions of the platform, and of the groups' positions, that lack an in-sync replica. */
  readonly findUnderReplicated: () => Promise<readonly string[]>;
  /** Of the events topic. */
  readonly findLags: () => Promise<readonly PartitionLag[]>;
  /** Which partitions of the events each member of the dispatchers' group has, by member id. */
  readonly findAssignment: () => Promise<ReadonlyMap<string, readonly number[]>>;
  /** Everything that stands in a topic now, oldest first within each partition. */
  readonly readAll: (topic: string) => Promise<readonly TopicRecord[]>;
  readonly append: (topic: string, records: readonly NewRecord[]) => Promise<void>;
  /** Deletes every topic of the platform. */
  readonly deleteTopics: () => Promise<void>;
  readonly close: () => Promise<void>;
}

export interface KafkaViewOptions {
  readonly brokers: string;
  /** In front of the platform's topics and groups. */
  readonly topicPrefix: string;
}

export const EVENTS = "postrider.events";
export const ATTEMPTS = "postrider.attempts";
export const DEAD_LETTERS = "postrider.dead-letters";
export const QUARANTINE = "postrider.quarantine";
const GROUP = "dispatcher";
const OFFSETS = "__consumer_offsets";
const READ_ALL_MS = 30_000;

/** Names of topics are given and returned without the prefix. */
export async function openKafkaView({ brokers, topicPrefix }: KafkaViewOptions): Promise<KafkaView> {
  const kafka = new Kafka({
    clientId: "postrider-chaos",
    brokers: brokers.split(","),
    logLevel: logLevel.NOTHING,
    connectionTimeout: 2000,
    requestTimeout: 5000,
    retry: { retries: 10, initialRetryTime: 100, maxRetryTime: 1000 },
  });
  const admin = kafka.admin();
  await admin.connect();
  const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });
  let isProducing: Promise<void> | undefined;
  const named = (topic: string): string => `${topicPrefix}${topic}`;
  const groupId = named(GROUP);

  async function describe(topics: readonly string[]): ReturnType<typeof describeTopics> {
    return await describeTopics(topics);
  }
  async function describeTopics(
    topics: readonly string[],
  ): Promise<readonly { topic: string; partition: number; leader: number; replicas: number; inSync: number }[]> {
    const { topics: found } = await admin.fetchTopicMetadata({ topics: [...topics] });
    return found.flatMap(({ name, partitions }) =>
      partitions.map(({ partitionId, leader, replicas, isr }) => ({
        ...{ topic: name, partition: partitionId, leader },
        ...{ replicas: replicas.length, inSync: isr.length },
      })),
    );
  }
  async function findTopics(): Promise<readonly string[]> {
    return (await admin.listTopics()).filter((topic) => topic.startsWith(topicPrefix) && !topic.startsWith("__"));
  }
  async function findLags(): Promise<readonly PartitionLag[]> {
    const topic = named(EVENTS);
    const [ends, [committed]] = await Promise.all([
      admin.fetchTopicOffsets(topic),
      admin.fetchOffsets({ groupId, topics: [topic] }),
    ]);
    return ends.map(({ partition, high }) => {
      const position = committed?.partitions.find((candidate) => candidate.partition === partition);
      const committedOffset = Math.max(0, Number(position?.offset ?? 0));
      return { topic: EVENTS, partition, endOffset: Number(high), committedOffset };
    });
  }

  return {
    findLeader: async (topic, partition) => {
      const found = (await describe([named(topic)])).find((candidate) => candidate.partition === partition);
      if (!found) throw new Error(`${named(topic)} has no partition ${partition}`);
      return found.leader;
    },
    findCoordinator: async () => {
      const partitions = await describe([OFFSETS]);
      const wanted = coordinatingPartition(groupId, partitions.length);
      const found = partitions.find(({ partition }) => partition === wanted);
      if (!found) throw new Error(`${OFFSETS} has no partition ${wanted}`);
      return found.leader;
    },
    findUnderReplicated: async () => {
      const partitions = await describe([...(await findTopics()), OFFSETS]);
      const lacking = partitions.filter(({ replicas, inSync, leader }) => inSync < replicas || leader < 0);
      return lacking.map(({ topic, partition }) => `${topic}/${partition}`);
    },
    findLags,
    findAssignment: async () => {
      const { groups } = await admin.describeGroups([groupId]);
      return new Map(
        (groups[0]?.members ?? []).map(({ memberId, memberAssignment }) => {
          const assignment = AssignerProtocol.MemberAssignment.decode(memberAssignment);
          return [memberId, [...(assignment?.assignment[named(EVENTS)] ?? [])].sort((a, b) => a - b)];
        }),
      );
    },
    readAll: async (topic) => {
      const ends = await admin.fetchTopicOffsets(named(topic));
      const consumer = kafka.consumer({ groupId: named(`chaos-${crypto.randomUUID()}`) });
      return await readUntil(consumer, named(topic), ends);
    },
    append: async (topic, records) => {
      await (isProducing ??= producer.connect());
      const messages = records.map(({ key, headers, value }) => ({ key: key ?? null, headers: { ...headers }, value }));
      await producer.send({ topic: named(topic), messages, acks: -1 });
    },
    deleteTopics: async () => {
      const topics = await findTopics();
      if (topics.length > 0) await admin.deleteTopics({ topics: [...topics] });
    },
    close: async () => {
      await Promise.all([admin.disconnect(), isProducing?.then(async () => producer.disconnect())]);
    },
  };
}

type Ends = readonly { readonly partition: number; readonly low: string; readonly high: string }[];

/** Reads from the beginning up to what were the ends when it was asked. */
async function readUntil(consumer: Consumer, topic: string, ends: Ends): Promise<readonly TopicRecord[]> {
  const unread = new Map(ends.flatMap(({ partition, low, high }) => (low === high ? [] : [[partition, Number(high)]])));
  const records: TopicRecord[] = [];
  if (unread.size === 0) return records;
  await consumer.connect();
  try {
    await consumer.subscribe({ topic, fromBeginning: true });
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new Error(`${topic} was not read within ${READ_ALL_MS} ms: ${JSON.stringify([...unread])}`));
      }, READ_ALL_MS);
      const run = consumer.run({
        autoCommit: false,
        eachMessage: async ({ partition, message }) => {
          const { offset, key, headers = {}, value, timestamp } = message;
          const texts = Object.entries(headers).map(([name, text]) => [name, String(text)]);
          records.push({
            ...{ partition, offset: Number(offset), key: key?.toString(), headers: Object.fromEntries(texts) },
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

/** As the broker finds it: org.apache.kafka.common.utils.Utils.abs of Java's hash of the group's id, by the partitions. */
function coordinatingPartition(groupId: string, partitions: number): number {
  let hash = 0;
  for (let index = 0; index < groupId.length; index++) hash = (Math.imul(hash, 31) + groupId.charCodeAt(index)) | 0;
  return (hash & 0x7fffffff) % partitions;
}
