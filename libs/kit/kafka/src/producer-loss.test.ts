import type { Producer, ProducerConfig } from "kafkajs";
import { FakeClock } from "@postrider/testing";
import { describe, expect, test } from "vitest";
import { createNames } from "./names.ts";
import { PRODUCER_SETTINGS } from "./producer-settings.ts";
import { BatchingProducer } from "./producer.ts";
import { requireMended } from "./testing/kafkajs-files.ts";
import { createConnectionError } from "./testing/protocol-error.ts";
import { readEncoded } from "./testing/read-encoded.ts";
import { encodeRecord } from "./wire/encode-record.ts";

type CreateProducer = (options: object) => Producer;

interface ProduceRequest {
  readonly topicData: readonly {
    readonly topic: string;
    readonly partitions: readonly { readonly partition: number; readonly messages: readonly { value: Buffer }[] }[];
  }[];
}

const RECORDS = ["a", "b"].map((value, partition) => ({
  ...{ topic: "t", key: String(partition), headers: {}, value: Buffer.from(value) },
}));

/**
 * kafkajs's own producer on two nodes that lead a partition each. Node 1 dies when it is first asked, and node 2, which
 * has answered by then, leads both.
 */
async function createOverDyingNode(settings: ProducerConfig) {
  const log: string[] = [];
  const leaders = [1, 2];
  const createBroker = (nodeId: number): object => ({
    nodeId,
    produce: async ({ topicData }: ProduceRequest) => {
      if (nodeId === 1) {
        leaders[0] = 2;
        throw createConnectionError();
      }
      for (const { messages } of topicData.flatMap(({ partitions }) => partitions)) {
        log.push(...messages.map(({ value }) => readEncoded(value).value));
      }
      return Promise.resolve({
        topics: topicData.map(({ topic, partitions }) => ({
          topicName: topic,
          partitions: partitions.map(({ partition }) => ({ partition, errorCode: 0, logAppendTime: "1" })),
        })),
      });
    },
  });
  // kafkajs remembers answers by these objects.
  const brokers = new Map([1, 2].map((nodeId) => [nodeId, createBroker(nodeId)]));
  const done = async (): Promise<void> => Promise.resolve();
  const cluster = {
    ...{ connect: done, addMultipleTargetTopics: done, refreshMetadata: done, refreshMetadataIfNecessary: done },
    targetTopics: new Set(),
    isConnected: () => true,
    findTopicPartitionMetadata: () => leaders.map((leader, partitionId) => ({ partitionId, leader })),
    findLeaderForPartitions: (_: string, partitions: readonly number[]) =>
      Object.groupBy(partitions.map(Number), (partition) => leaders[partition] ?? 0),
    findBroker: async ({ nodeId }: { readonly nodeId: string }) => Promise.resolve(brokers.get(Number(nodeId))),
  };
  const quiet: object = {
    debug: () => undefined,
    error: () => undefined,
    warn: () => undefined,
    namespace: () => quiet,
  };
  const producer = requireMended<CreateProducer>("producer")({
    ...{ ...settings, cluster, logger: quiet },
    // A record's key is its partition here.
    createPartitioner: () => (of: { readonly message: { readonly value: Buffer } }) =>
      Number(readEncoded(of.message.value).key),
  });
  await producer.connect();
  return { producer, log };
}

describe("a node that dies when another one has answered, and hands its partition to that", () => {
  test("the fault: kafkajs's own retry acknowledges a record that it never sent", async () => {
    const { producer, log } = await createOverDyingNode({
      ...{ ...PRODUCER_SETTINGS, retry: { retries: 3, initialRetryTime: 1 } },
    });
    await producer.sendBatch({ acks: -1, topicMessages: [{ topic: "t", messages: RECORDS.map(encodeRecord) }] });
    expect(log).toEqual(["b"]);
  });

  test("as it is set: what is acknowledged is in the log, some of it twice", async () => {
    const clock = new FakeClock();
    const { producer, log } = await createOverDyingNode(PRODUCER_SETTINGS);
    const batching = new BatchingProducer({
      ...{ producer, clock, names: createNames(""), onNotice: () => undefined, findMaxBytes: () => undefined },
    });
    const append = batching.append(RECORDS);
    await clock.advanceAsync(1_000);
    await append;
    expect(log.toSorted()).toEqual(["a", "b", "b"]);
  });
});
