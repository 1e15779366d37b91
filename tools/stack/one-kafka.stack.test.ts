import { existsSync } from "node:fs";
import { findStack } from "@postrider/testing";
import {
  AclOperationTypes,
  AclPermissionTypes,
  AclResourceTypes,
  Kafka,
  logLevel,
  ResourcePatternTypes,
  type Admin,
} from "kafkajs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type KafkaCluster, startKafka } from "./start-kafka.ts";
import { findFolder, isListening } from "./testing/observe.ts";

describe.skipIf(findStack() === undefined)("Kafka on one node", () => {
  let cluster: KafkaCluster;
  let kafka: Kafka;
  let admin: Admin;

  beforeAll(async () => {
    cluster = await startKafka({ nodes: 1 });
    kafka = new Kafka({ brokers: cluster.brokers.split(","), logLevel: logLevel.NOTHING });
    admin = kafka.admin();
    await admin.connect();
  });
  afterAll(async () => {
    await admin.disconnect();
    await cluster.stop();
  });

  test("comes back with its data on the same address after a kill -9", async () => {
    const [node] = cluster.nodes;
    await admin.createTopics({ topics: [{ topic: "kept", numPartitions: 1 }], waitForLeaders: true });
    await append("kept");
    const pid = node?.pid;

    await node?.kill();
    expect(node?.pid).toBeUndefined();
    expect(await isListening(cluster.brokers)).toBe(false);
    await node?.start();

    expect(node?.pid).not.toBe(pid);
    expect(await admin.fetchTopicOffsets("kept")).toMatchObject([{ partition: 0, offset: "1" }]);
    await append("kept");
    expect(await admin.fetchTopicOffsets("kept")).toMatchObject([{ offset: "2" }]);
  });

  test("refuses a client what a rule denies it, and nothing else", async () => {
    await admin.createTopics({ topics: [{ topic: "closed" }, { topic: "open" }], waitForLeaders: true });
    await admin.createAcls({
      acl: [
        {
          resourceType: AclResourceTypes.TOPIC,
          resourceName: "closed",
          resourcePatternType: ResourcePatternTypes.LITERAL,
          principal: "User:ANONYMOUS",
          host: "*",
          operation: AclOperationTypes.WRITE,
          permissionType: AclPermissionTypes.DENY,
        },
      ],
    });
    await expect(append("closed")).rejects.toThrow(/authorized/i);
    await append("open");
  });

  test("stands beside another one, and leaves nothing when it is stopped", async () => {
    const other = await startKafka({ nodes: 1, properties: { "auto.create.topics.enable": "true" } });
    expect(other.brokers).not.toBe(cluster.brokers);
    const folder = await findFolder(other.nodes[0]?.pid);
    expect(existsSync(folder)).toBe(true);

    await other.stop();

    expect(existsSync(folder)).toBe(false);
    expect(await isListening(other.brokers)).toBe(false);
    expect(await isListening(cluster.brokers)).toBe(true);
  });

  test("says why it does not start, and leaves nothing", async () => {
    await expect(startKafka({ nodes: 1, properties: { "num.io.threads": "none" } })).rejects.toThrow(
      /Kafka's node 1 ended with exit 1 .*num\.io\.threads/s,
    );
  });

  async function append(topic: string): Promise<void> {
    const producer = kafka.producer({ retry: { retries: 3 } });
    await producer.connect();
    try {
      await producer.send({ topic, acks: -1, messages: [{ value: "x" }] });
    } finally {
      await producer.disconnect();
    }
  }
});
