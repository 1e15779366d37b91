import { findStack } from "@postrider/testing";
import {
  AclOperationTypes,
  AclPermissionTypes,
  AclResourceTypes,
  type Admin,
  Kafka,
  logLevel,
  type Producer,
  ResourcePatternTypes,
} from "kafkajs";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type KafkaCluster, startKafka } from "./start-kafka.ts";

const topic = "replicated";

describe.skipIf(findStack() === undefined)("Kafka on three nodes", () => {
  let cluster: KafkaCluster;
  let admin: Admin;
  let producer: Producer;

  beforeAll(async () => {
    cluster = await startKafka({ nodes: 3 });
    const retry = { initialRetryTime: 50, maxRetryTime: 500, retries: 30 };
    const kafka = new Kafka({ brokers: cluster.brokers.split(","), logLevel: logLevel.NOTHING, retry });
    admin = kafka.admin();
    producer = kafka.producer({ retry });
    await Promise.all([admin.connect(), producer.connect()]);
    // One partition whose first leader is known.
    const replicaAssignment = [{ partition: 0, replicas: [1, 2, 3] }];
    await admin.createTopics({ topics: [{ topic, replicaAssignment }], waitForLeaders: true });
    await untilInSync(3);
  });
  afterAll(async () => {
    await Promise.all([producer.disconnect(), admin.disconnect()]);
    await cluster.stop();
  });

  test("goes on without the leader, and takes it back, whatever clients are denied", async () => {
    // A rule for the whole cluster: the nodes must not be taken for clients.
    await admin.createAcls({
      acl: [
        {
          resourceType: AclResourceTypes.CLUSTER,
          resourceName: "kafka-cluster",
          resourcePatternType: ResourcePatternTypes.LITERAL,
          principal: "User:ANONYMOUS",
          host: "*",
          operation: AclOperationTypes.CLUSTER_ACTION,
          permissionType: AclPermissionTypes.DENY,
        },
      ],
    });
    await append();
    const [leader] = cluster.nodes;

    await leader?.kill();
    await append();
    expect(await findInSync()).toEqual([2, 3]);

    await leader?.start();
    await untilInSync(3);
    await append();
    expect(await admin.fetchTopicOffsets(topic)).toMatchObject([{ offset: "3" }]);
  });

  async function append(): Promise<void> {
    await producer.send({ topic, acks: -1, messages: [{ value: "x" }] });
  }

  async function findInSync(): Promise<readonly number[]> {
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
    return topics[0]?.partitions[0]?.isr.toSorted() ?? [];
  }

  async function untilInSync(count: number): Promise<void> {
    await vi.waitFor(
      async () => {
        expect(await findInSync()).toHaveLength(count);
      },
      { timeout: 30_000, interval: 50 },
    );
  }
});
