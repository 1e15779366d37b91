import { describe, expect, test } from "vitest";
import { requireMended, requireUnmended } from "../testing/kafkajs-files.ts";
import { createGroup, type GroupClass, ScriptedCluster } from "../testing/scripted-cluster.ts";
import type { FetchingGroup } from "./dead-leader.ts";
import type { JoiningGroup } from "./untold-joins.ts";

type TestedGroup = FetchingGroup & JoiningGroup;

/** A member that joins again while a fetch is out, and what that fetch brings. */
async function fetchOverJoin(Group: GroupClass<TestedGroup>) {
  const cluster = new ScriptedCluster();
  const group = createGroup(Group, cluster);
  await group.joinAndSync();
  cluster.one.beforeFetched = async () => group.joinAndSync();
  const fetched = await group.fetch("1");
  cluster.one.beforeFetched = () => undefined;
  return { fetched, group };
}

describe("what a fetch brings that was asked for before the member joined again", () => {
  test("the fault: is handed out under the new assignment", async () => {
    expect((await fetchOverJoin(requireUnmended("consumer/consumerGroup"))).fetched).toHaveLength(1);
  });

  test("mended: is dropped, and comes with the next fetch", async () => {
    const { fetched, group } = await fetchOverJoin(requireMended("consumer/consumerGroup"));
    expect(fetched).toEqual([]);
    expect(await group.fetch("1")).toHaveLength(1);
  });
});
