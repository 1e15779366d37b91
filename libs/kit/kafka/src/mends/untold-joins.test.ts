import { describe, expect, test } from "vitest";
import { requireMended, requireUnmended } from "../testing/kafkajs-files.ts";
import { createGroup, type GroupClass, ScriptedCluster } from "../testing/scripted-cluster.ts";
import type { FetchingGroup } from "./dead-leader.ts";
import { type JoinHooks, type JoiningGroup, leftOnPurpose, watchJoins } from "./untold-joins.ts";

type TestedGroup = FetchingGroup & JoiningGroup;

/** A watched member, and what was told about its joins, beside what its coordinator was asked. */
function createWatched(Group: GroupClass<TestedGroup>, answers: { joining?: boolean; joined?: boolean } = {}) {
  const cluster = new ScriptedCluster();
  const group = createGroup(Group, cluster);
  const told = cluster.one.asked;
  const hooks: JoinHooks = {
    joining: async () => {
      told.push("joining");
      return Promise.resolve(answers.joining ?? true);
    },
    joined: () => {
      told.push("joined");
      return answers.joined ?? true;
    },
  };
  watchJoins(cluster, hooks);
  return { cluster, group, told };
}

const JOIN = ["joinGroup", "syncGroup"];

describe("a member that joins again because a leader has changed", () => {
  /** The fetch is refused as one to a node that isn't the leader any more. */
  async function changeLeader(Group: GroupClass<TestedGroup>): Promise<string[]> {
    const { cluster, group, told } = createWatched(Group);
    await group.joinAndSync();
    told.length = 0;
    cluster.one.beforeFetched = () => {
      throw Object.assign(new Error("not the leader"), { type: "NOT_LEADER_FOR_PARTITION" });
    };
    await group.fetch("1");
    return told.filter((what) => what !== "offsetFetch");
  }

  test("the fault: does so without a word", async () => {
    expect(await changeLeader(requireUnmended("consumer/consumerGroup"))).toEqual(JOIN);
  });

  test("mended: tells before and after", async () => {
    expect(await changeLeader(requireMended("consumer/consumerGroup"))).toEqual(["joining", ...JOIN, "joined"]);
  });
});

describe("a watched member", () => {
  test("does not join when it is told not to", async () => {
    const { group, told } = createWatched(requireMended("consumer/consumerGroup"), { joining: false });
    await expect(group.joinAndSync()).rejects.toThrow(leftOnPurpose);
    expect(told).toEqual(["joining"]);
  });

  test("leaves again when nobody waits for it any more", async () => {
    const { group, told } = createWatched(requireMended("consumer/consumerGroup"), { joined: false });
    await expect(group.joinAndSync()).rejects.toThrow(leftOnPurpose);
    expect(told).toEqual(["joining", ...JOIN, "joined", "leaveGroup"]);
    expect(group.memberId).toBeNull();
  });
});

test("a member of somebody else's, that nobody watches, joins as ever", async () => {
  const cluster = new ScriptedCluster();
  await createGroup(requireMended<GroupClass<TestedGroup>>("consumer/consumerGroup"), cluster).joinAndSync();
  expect(cluster.one.asked).toEqual(JOIN);
});
