// What tests and chaos see of a platform's Kafka, through a plain client: nothing of the platform's own code is asked
// how the platform is doing.
import { randomUUID } from "node:crypto";
import { zstdCompressSync, zstdDecompressSync } from "node:zlib";
import {
  type Admin,
  AssignerProtocol,
  CompressionCodecs,
  CompressionTypes,
  Kafka,
  logLevel,
  Partitioners,
} from "kafkajs";
import { readTopic, type TopicRecord } from "./read-topic.ts";

/** Where the platform's dispatchers stand in one partition. */
export interface PartitionLag {
  readonly topic: string;
  readonly partition: number;
  /** The offset that would be written next. */
  readonly endOffset: number;
  /** The offset to read next; 0 when nothing is committed. */
  readonly committedOffset: number;
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
  /** @param isCompressed with zstd, which kafkajs can't without the test's help */
  readonly append: (topic: string, records: readonly NewRecord[], isCompressed?: boolean) => Promise<void>;
  /** Deletes every topic of the platform. */
  readonly deleteTopics: () => Promise<void>;
  readonly close: () => Promise<void>;
}

interface PartitionState {
  readonly topic: string;
  readonly partition: number;
  readonly leader: number;
  readonly replicas: number;
  readonly inSync: number;
}

export interface KafkaViewOptions {
  readonly brokers: string;
  /** In front of the platform's topics and groups. */
  readonly topicPrefix: string;
}

export const EVENTS = "postrider.events";
/** Of what is deferred: the ends of its topics' names. */
export const TIERS = ["0s", "5s", "15s", "30s", "1m", "2m", "4m", "8m", "16m", "1h", "6h"];
export const ATTEMPTS = "postrider.attempts";
export const DEAD_LETTERS = "postrider.dead-letters";
export const QUARANTINE = "postrider.quarantine";
const GROUP = "dispatcher.postrider.events";
const OFFSETS = "__consumer_offsets";

CompressionCodecs[CompressionTypes.ZSTD] = () => ({
  compress: async ({ buffer }: { readonly buffer: Buffer }) => Promise.resolve(zstdCompressSync(buffer)),
  decompress: async (buffer: Buffer) => Promise.resolve(zstdDecompressSync(buffer)),
});

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
  let producing: Promise<void> | undefined;
  return {
    ...createClusterView(admin, topicPrefix),
    ...createGroupView(admin, topicPrefix),
    readAll: async (topic) => {
      const ends = await admin.fetchTopicOffsets(`${topicPrefix}${topic}`);
      const consumer = kafka.consumer({ groupId: `${topicPrefix}chaos-${randomUUID()}` });
      return await readTopic(consumer, `${topicPrefix}${topic}`, ends);
    },
    append: async (topic, records, isCompressed = false) => {
      await (producing ??= producer.connect());
      const messages = records.map(({ key, headers, value }) => ({ key: key ?? null, headers: { ...headers }, value }));
      const compression = isCompressed ? CompressionTypes.ZSTD : CompressionTypes.None;
      await producer.send({ topic: `${topicPrefix}${topic}`, messages, acks: -1, compression });
    },
    close: async () => {
      await Promise.all([admin.disconnect(), producing?.then(async () => producer.disconnect())]);
    },
  };
}

type ClusterView = Pick<KafkaView, "findLeader" | "findCoordinator" | "findUnderReplicated" | "deleteTopics">;

function createClusterView(admin: Admin, topicPrefix: string): ClusterView {
  async function describe(topics: readonly string[]): Promise<readonly PartitionState[]> {
    const { topics: found } = await admin.fetchTopicMetadata({ topics: [...topics] });
    return found.flatMap(({ name, partitions }) =>
      partitions.map(({ partitionId, leader, replicas, isr }) => ({
        ...{ topic: name, partition: partitionId, leader },
        ...{ replicas: replicas.length, inSync: isr.length },
      })),
    );
  }
  async function findLeader(topic: string, choose: (partitions: number) => number): Promise<number> {
    const partitions = await describe([topic]);
    const wanted = choose(partitions.length);
    const found = partitions.find(({ partition }) => partition === wanted);
    if (!found) throw new Error(`${topic} has no partition ${wanted}`);
    return found.leader;
  }
  async function findTopics(): Promise<readonly string[]> {
    return (await admin.listTopics()).filter((topic) => topic.startsWith(topicPrefix) && topic !== OFFSETS);
  }
  return {
    findLeader: async (topic, partition) => findLeader(`${topicPrefix}${topic}`, () => partition),
    findCoordinator: async () =>
      findLeader(OFFSETS, (partitions) => coordinatingPartition(`${topicPrefix}${GROUP}`, partitions)),
    findUnderReplicated: async () => {
      const partitions = await describe([...(await findTopics()), OFFSETS]);
      const lacking = partitions.filter(({ replicas, inSync, leader }) => inSync < replicas || leader < 0);
      return lacking.map(({ topic, partition }) => `${topic}/${partition}`);
    },
    deleteTopics: async () => {
      const topics = await findTopics();
      if (topics.length > 0) await admin.deleteTopics({ topics: [...topics] });
    },
  };
}

function createGroupView(admin: Admin, topicPrefix: string): Pick<KafkaView, "findLags" | "findAssignment"> {
  const [groupId, topic] = [`${topicPrefix}${GROUP}`, `${topicPrefix}${EVENTS}`];
  return {
    findLags: async () => {
      const [ends, [committed]] = await Promise.all([
        admin.fetchTopicOffsets(topic),
        admin.fetchOffsets({ groupId, topics: [topic] }),
      ]);
      return ends.map(({ partition, high }) => {
        const position = committed?.partitions.find((candidate) => candidate.partition === partition);
        const committedOffset = Math.max(0, Number(position?.offset ?? 0));
        return { topic: EVENTS, partition, endOffset: Number(high), committedOffset };
      });
    },
    findAssignment: async () => {
      const { groups } = await admin.describeGroups([groupId]);
      return new Map(
        (groups[0]?.members ?? []).map(({ memberId, memberAssignment }) => {
          const assignment = AssignerProtocol.MemberAssignment.decode(memberAssignment);
          return [memberId, [...(assignment?.assignment[topic] ?? [])].sort((a, b) => a - b)];
        }),
      );
    },
  };
}

/** As the broker finds it: org.apache.kafka.common.utils.Utils.abs of Java's hash of the group's id, by the partitions. */
function coordinatingPartition(groupId: string, partitions: number): number {
  let hash = 0;
  for (let index = 0; index < groupId.length; index++) hash = (Math.imul(hash, 31) + groupId.charCodeAt(index)) | 0;
  return (hash & 0x7fffffff) % partitions;
}
