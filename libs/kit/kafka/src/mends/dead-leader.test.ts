import { describe, expect, test } from "vitest";
import { requireMended, requireUnmended } from "../testing/kafkajs-files.ts";
import { createGroup, type GroupClass, ScriptedCluster } from "../testing/scripted-cluster.ts";
import type { FetchingGroup } from "./dead-leader.ts";
import type { JoiningGroup } from "./untold-joins.ts";

type TestedGroup = FetchingGroup & JoiningGroup;

/** A member of a partition whose leader, node 2, has left; the cluster has made node 1 the leader. */
async function createOrphan(Group: GroupClass<TestedGroup>) {
  const cluster = new ScriptedCluster();
  cluster.leader = 2;
  const group = createGroup(Group, cluster);
  await group.joinAndSync();
  cluster.nodeIds = [1];
  cluster.onRefresh = () => {
    cluster.leader = 1;
  };
  return { cluster, group };
}

describe("a partition whose leader has left the cluster", () => {
  test("the fault: is fetched from nobody", async () => {
    const { cluster, group } = await createOrphan(requireUnmended("consumer/consumerGroup"));
    for (let turn = 0; turn < 5; turn++) expect(await group.fetch("1")).toEqual([]);
    expect(cluster.refreshes).toBe(0);
  });

  test("mended: is fetched from its new leader at once", async () => {
    const { cluster, group } = await createOrphan(requireMended("consumer/consumerGroup"));
    expect(await group.fetch("1")).toHaveLength(1);
    await group.fetch("1");
    expect(cluster.refreshes).toBe(1);
  });

  test("mended: asks seldom as long as there is none, and goes on when asking fails", async () => {
    const { cluster, group } = await createOrphan(requireMended("consumer/consumerGroup"));
    cluster.onRefresh = () => {
      throw new Error("no metadata now");
    };
    for (let turn = 0; turn < 5; turn++) expect(await group.fetch("1")).toEqual([]);
    expect(cluster.refreshes).toBeLessThan(5);
  });
});

test("a partition whose leader is there does not cause questions", async () => {
  const cluster = new ScriptedCluster();
  const group = createGroup(requireMended<GroupClass<TestedGroup>>("consumer/consumerGroup"), cluster);
  await group.joinAndSync();
  await group.fetch("1");
  expect(cluster.refreshes).toBe(0);
});
