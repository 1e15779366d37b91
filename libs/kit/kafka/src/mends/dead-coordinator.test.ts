import { describe, expect, test } from "vitest";
import { loadKafkajs } from "../load-kafkajs.ts";
import { requireMended, requireUnmended } from "../testing/kafkajs-files.ts";
import { createGroup, type GroupClass, ScriptedCluster } from "../testing/scripted-cluster.ts";
import type { BeatingGroup } from "./dead-coordinator.ts";
import type { JoiningGroup } from "./untold-joins.ts";

type TestedGroup = BeatingGroup & JoiningGroup;

/** A member whose coordinator, node 1, has died; node 2 is the new one. */
async function createOrphan(Group: GroupClass<TestedGroup>) {
  const cluster = new ScriptedCluster();
  const group = createGroup(Group, cluster);
  await group.joinAndSync();
  const { KafkaJSConnectionError } = loadKafkajs();
  cluster.one.failure = new KafkaJSConnectionError("Connection error");
  cluster.coordinator = cluster.two;
  return { cluster, group };
}

const now = { interval: 0 };

describe("a member whose coordinator has died", () => {
  test("the fault: goes on asking the dead one", async () => {
    const { cluster, group } = await createOrphan(requireUnmended("consumer/consumerGroup"));
    for (let tries = 0; tries < 5; tries++) await expect(group.heartbeat(now)).rejects.toThrow("Connection error");
    expect(cluster.two.asked).toEqual([]);
  });

  test("mended: asks the new one at its next heartbeat, and commits there", async () => {
    const { cluster, group } = await createOrphan(requireMended("consumer/consumerGroup"));
    await expect(group.heartbeat(now)).rejects.toThrow("Connection error");
    await group.heartbeat(now);
    expect(cluster.two.asked).toEqual(["heartbeat"]);
    expect(group.coordinator).toBe(cluster.two);
    expect(group.offsetManager?.coordinator).toBe(cluster.two);
  });

  test("mended: does not look for another one when it is the member that is wrong", async () => {
    const { cluster, group } = await createOrphan(requireMended("consumer/consumerGroup"));
    cluster.one.failure = Object.assign(new Error("not a member"), { type: "UNKNOWN_MEMBER_ID" });
    await expect(group.heartbeat(now)).rejects.toThrow("not a member");
    expect(group.coordinator).toBe(cluster.one);
  });
});
