import type { Cancel, Clock } from "@postrider/kit-lifecycle";
import type { Admin, Producer } from "kafkajs";
import { assertWritable } from "./assert-writable.ts";
import { type Client, type ClientOptions, createClient } from "./create-client.ts";
import { ensureTopics } from "./ensure-topics.ts";
import { GroupMember } from "./group-member.ts";
import { createKafkaError, describeFailure } from "./kafka-failure.ts";
import type { NoticeSink } from "./kafka-notice.ts";
import { type GroupOptions, type Kafka, KafkaError } from "./kafka.ts";
import type { Cluster } from "./kafkajs-internals.ts";
import { createNames } from "./names.ts";
import { PRODUCER_SETTINGS } from "./producer-settings.ts";
import { BatchingProducer } from "./producer.ts";
import { readRange } from "./read-range.ts";

/** The most that one fetch brings of a partition, unless a group asks for less: a broker's own limit of a batch. */
const MAX_BYTES_PER_PARTITION = 256 * 1024;

/**
 * kafkajs tries one broker after another, 3 s each, and then all of them again, and waits 6 s for each answer: hosts that
 * swallow packets would keep a service from saying what is wrong for most of a minute.
 */
const MAX_CONNECT_MS = 15_000;

export interface OpenKafkaOptions {
  /** host:port of some brokers. */
  readonly brokers: readonly string[];
  /** In front of every topic and group on the cluster; empty for none. */
  readonly namePrefix: string;
  readonly clientId: string;
  readonly clock: Clock;
  /** Of topics that are made. */
  readonly partitions: number;
  readonly replication: number;
  readonly onNotice?: NoticeSink;
}

/** Connects to a cluster. @throws {KafkaError} unavailable, in one line that names the brokers */
export async function openKafka(options: OpenKafkaOptions): Promise<Kafka> {
  const { brokers, namePrefix, clientId, clock, onNotice = () => undefined } = options;
  const common = { brokers, clientId, clock, onNotice };
  const client = createClient(common);
  const names = createNames(namePrefix);
  const { admin, producer, cluster, disconnect } = await connect(client, common);
  const maxBytes = new Map<string, number>();
  const batching = new BatchingProducer({
    ...{ producer, clock, onNotice, names },
    findMaxBytes: (topic) => maxBytes.get(topic),
  });
  const members: GroupMember[] = [];

  function group({ group: id, topics, maxBytesPerPartition = MAX_BYTES_PER_PARTITION }: GroupOptions): GroupMember {
    const member = new GroupMember({
      ...{ names, clock, onNotice, maxBytesPerPartition },
      group: names.toCluster(id),
      topics: topics.map(names.toCluster),
      // A client of its own, so that what it says of its records is of this group's.
      createClient: (onOutOfRange) => createClient({ ...common, onOutOfRange }),
    });
    members.push(member);
    return member;
  }

  return {
    ensureTopics: async (plans) => {
      const onCluster = plans.map((plan) => ({ ...plan, name: names.toCluster(plan.name) }));
      await ensureTopics(onCluster, {
        ...{ admin, cluster, clock, onNotice, partitions: options.partitions, replication: options.replication },
      });
      for (const { name, maxMessageBytes } of onCluster) maxBytes.set(name, maxMessageBytes);
    },
    assertWritable: async (topics) => {
      try {
        await assertWritable(topics.map(names.toCluster), { cluster, clock });
      } catch (error) {
        throw createKafkaError("could not ask for the right to write", error);
      }
    },
    producer: batching,
    group,
    readRange: (range) => readRange(range, { cluster, clock, names }),
    close: async () => {
      await Promise.all(members.map(async (member) => member.close()));
      await batching.close();
      await disconnect();
    },
  };
}

interface Connections {
  readonly admin: Admin;
  readonly producer: Producer;
  readonly cluster: Cluster;
  readonly disconnect: () => Promise<void>;
}

/** All or none. @throws {KafkaError} */
async function connect(client: Client, options: ClientOptions): Promise<Connections> {
  const admin = client.kafkajs.admin();
  const producer = client.kafkajs.producer(PRODUCER_SETTINGS);
  // It asks for what is refused on purpose, and asks again: nothing that an operator should read of.
  const cluster = createClient({ ...options, onNotice: () => undefined }).createCluster();
  const disconnect = async (): Promise<void> => {
    await Promise.allSettled([admin.disconnect(), producer.disconnect(), cluster.disconnect()]);
  };
  const connecting = [admin.connect(), producer.connect(), cluster.connect()];
  let cancel: Cancel = () => undefined;
  const late = new Promise<never>((_, reject) => {
    cancel = options.clock.after(MAX_CONNECT_MS, () => {
      reject(new Error(`no answer within ${MAX_CONNECT_MS} ms`));
    });
  });
  try {
    await Promise.race([Promise.all(connecting).then(async () => admin.describeCluster()), late]);
    return { admin, producer, cluster, disconnect };
  } catch (error) {
    // Not waited for: a connection that is being made can't be ended before its own time is over.
    void Promise.allSettled(connecting).then(disconnect);
    const where = `no Kafka at ${options.brokers.join(", ")} (${describeNoStart(error)})`;
    throw new KafkaError("unavailable", `${where}: start it, or set POSTRIDER_KAFKA_BROKERS`, { cause: error });
  } finally {
    cancel();
  }
}

/** kafkajs tries again on a connection that it closed, because its first request got no answer, and tells of that. */
function describeNoStart(error: unknown): string {
  const words = describeFailure(error);
  return words === "Broker not connected" ? "it takes connections, but gives no answer" : words;
}
