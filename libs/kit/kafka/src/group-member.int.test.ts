import { systemClock } from "@postrider/kit-lifecycle";
import { deferredPromise } from "@postrider/testing";
import { describe, expect, onTestFinished, test } from "vitest";
import { GroupMember } from "./group-member.ts";
import type { KafkaNotice } from "./kafka-notice.ts";
import type { GroupEvents, GroupPosition, KafkaRecord, TopicPartition } from "./kafka.ts";
import { loadKafkajs } from "./load-kafkajs.ts";
import { createNames } from "./names.ts";
import { GroupCluster } from "./testing/group-cluster.ts";
import { createProtocolError } from "./testing/protocol-error.ts";
import { TOPIC } from "./testing/scripted-cluster.ts";

/** What makes a member join again at once, and keep its membership: the leader of a partition has changed. */
const REJOIN = "NOT_LEADER_FOR_PARTITION";

/** A member of the group on this cluster, what it was told, and what it would commit. */
function join(cluster: GroupCluster, overrides: Partial<GroupEvents> = {}) {
  const told: string[] = [];
  const notices: KafkaNotice[] = [];
  /** Where each partition stands that it has. */
  const positions = new Map<number, number>();
  const tell = (words: string): void => {
    told.push(words);
    cluster.watchers.changed();
  };
  const member = new GroupMember({
    ...{ group: "g", topics: [TOPIC], names: createNames(""), clock: systemClock, maxBytesPerPartition: 1024 },
    onNotice: (notice) => {
      notices.push(notice);
      cluster.watchers.changed();
    },
    createClient: () => cluster.client(),
  });
  const end = new AbortController();
  const run = member.run(
    {
      assigned: (of) => {
        for (const { partition, offset } of of) positions.set(partition, offset);
        tell(`assigned ${of.map(({ partition, offset, metadata }) => `${partition}@${offset}${metadata}`).join(" ")}`);
      },
      revoked: (of) => {
        for (const { partition } of of) positions.delete(partition);
        tell(`revoked ${numbersOf(of)}`);
      },
      records: ({ partition }, records) => {
        positions.set(partition, (records.at(-1)?.offset ?? 0) + 1);
        tell(`records ${partition}: ${valuesOf(records)}`);
        return records.length;
      },
      rebalancing: () => {
        tell("rebalancing");
        return [...positions].map(([partition, offset]) => positionOf(partition, offset));
      },
      ...overrides,
    },
    end.signal,
  );
  run.catch(() => undefined);
  onTestFinished(async () => member.close());
  const until = async (words: string): Promise<void> =>
    cluster.watchers.waitUntil(
      () => told.includes(words),
      () => `${words} is not among ${told.join("; ")}`,
    );
  return { member, run, told, notices, until, tell, end };
}

function positionOf(partition: number, offset: number): GroupPosition {
  return { topic: TOPIC, partition, offset, metadata: "" };
}

function numbersOf(of: readonly TopicPartition[]): string {
  return of.map(({ partition }) => partition).join(" ");
}

function valuesOf(records: readonly KafkaRecord[]): string {
  return records.map(({ value }) => Buffer.from(value).toString()).join(" ");
}

describe("a member", () => {
  test("begins where its group stands, and hears of the positions before it gets records", async () => {
    const cluster = new GroupCluster();
    cluster.append(0, "a", "b", "c");
    cluster.committed.set(0, { partition: 0, offset: "1", metadata: "+3" });
    const { told, until } = join(cluster);
    await until("records 0: b c");
    expect(told).toEqual(["assigned 0@1+3 1@0", "records 0: b c"]);
  });

  test("gets no records of a partition until its owner has taken it over", async () => {
    const cluster = new GroupCluster();
    cluster.append(0, "a");
    const gate = deferredPromise();
    const called = deferredPromise();
    const { told, until } = join(cluster, {
      assigned: async () => {
        called.resolve(undefined);
        await gate.promise;
      },
    });
    await called.promise;
    // A whole further fetch brings nothing to it.
    cluster.append(0, "b");
    expect(told).toEqual([]);
    gate.resolve(undefined);
    await until("records 0: a b");
  });

  test("gets the rest of what it had no room for when it resumes, and nothing before", async () => {
    const cluster = new GroupCluster();
    const taken: string[] = [];
    let room = 1;
    const joined = join(cluster, {
      records: ({ partition }, records) => {
        const now = records.slice(0, room);
        taken.push(valuesOf(now));
        joined.tell(`took of ${partition}`);
        return now.length;
      },
    });
    cluster.append(0, "a", "b", "c");
    await joined.until("took of 0");
    // The other partition goes on meanwhile.
    cluster.append(1, "x");
    await joined.until("took of 1");
    expect(taken).toEqual(["a", "x"]);
    room = 10;
    joined.member.resume({ topic: TOPIC, partition: 0 });
    await cluster.watchers.waitUntil(
      () => taken.includes("b c"),
      () => taken.join(),
    );
  });

  test("commits what it was asked for before it joins again, keeps what stays, and reads on where it was", async () => {
    const cluster = new GroupCluster();
    cluster.append(0, "a");
    cluster.append(1, "x");
    const { told, until } = join(cluster);
    await until("records 0: a");
    await until("records 1: x");
    cluster.assigned = [0];
    cluster.asked.length = 0;
    cluster.failFetch(createProtocolError(REJOIN));
    await until("revoked 1");
    expect(cluster.asked.slice(0, 2)).toEqual(["commit 0@1 1@1", "join"]);
    cluster.append(0, "b");
    await until("records 0: b");
    expect(told.filter((words) => words.startsWith("assigned"))).toEqual(["assigned 0@0 1@0"]);
  });

  test("reads on where it was, not where its group stands, when that commit failed", async () => {
    const cluster = new GroupCluster();
    cluster.append(0, "a");
    const { notices, until } = join(cluster);
    await until("records 0: a");
    cluster.failures.set("commit 0@1 1@0", createProtocolError("REBALANCE_IN_PROGRESS"));
    cluster.failFetch(createProtocolError(REJOIN));
    await until("rebalancing");
    cluster.append(0, "b");
    await until("records 0: b");
    expect(notices.map(({ kind }) => kind)).toEqual(["commit_failed", "group_changed"]);
    expect(cluster.committed.size).toBe(0);
  });

  test("commits nothing for partitions that are not here", async () => {
    const cluster = new GroupCluster();
    cluster.assigned = [0];
    const { member, until } = join(cluster);
    await until("assigned 0@0");
    await member.commit([positionOf(0, 3), positionOf(1, 7)]);
    await member.commit([positionOf(1, 8)]);
    expect(cluster.asked.filter((words) => words.startsWith("commit"))).toEqual(["commit 0@3"]);
  });
});

describe("a member that crashed", () => {
  /** It could not even say that it leaves; its next connection waits for the gate. */
  async function crash() {
    const cluster = new GroupCluster();
    cluster.append(0, "a");
    const joined = join(cluster);
    await joined.until("records 0: a");
    const gate = deferredPromise();
    cluster.beforeConnect = gate.promise;
    cluster.failures.set("leave", new Error("no answer"));
    cluster.failFetch(new (loadKafkajs().KafkaJSNonRetriableError)("something broke"));
    await cluster.watchers.waitUntil(
      () => joined.notices.some(({ kind }) => kind === "group_crashed"),
      () => "a crash is told",
    );
    return { cluster, gate, ...joined };
  }

  test("commits nothing until it has joined again, and then nothing of what it had before", async () => {
    const { cluster, gate, member, until } = await crash();
    const commit = member.commit([positionOf(0, 1)]);
    cluster.asked.length = 0;
    gate.resolve(undefined);
    await commit;
    await until("revoked 0 1");
    expect(cluster.asked.filter((words) => words.startsWith("commit"))).toEqual([]);
    expect(cluster.committed.size).toBe(0);
  });

  test("gets its partitions anew, from where the group stands, and can commit again", async () => {
    const { cluster, gate, member, told, until } = await crash();
    const before = told.length;
    gate.resolve(undefined);
    await until("revoked 0 1");
    await cluster.watchers.waitUntil(
      () => told.length >= before + 3,
      () => told.join("; "),
    );
    expect(told.slice(before)).toEqual(["revoked 0 1", "assigned 0@0 1@0", "records 0: a"]);
    await member.commit([positionOf(0, 1)]);
    expect(cluster.committed.get(0)?.offset).toBe("1");
  });
});

describe("the end of a run", () => {
  test("leaves the membership, so that what ends late is committed, until partitions would move", async () => {
    const cluster = new GroupCluster();
    cluster.append(0, "a");
    const { member, run, told, until, end } = join(cluster);
    await until("records 0: a");
    end.abort();
    await run;
    cluster.append(0, "b");
    await member.commit([positionOf(0, 1)]);
    expect(cluster.committed.get(0)?.offset).toBe("1");
    expect(cluster.asked).not.toContain("leave");
    await member.close();
    expect(cluster.asked.at(-1)).toBe("leave");
    expect(told).not.toContain("records 0: b");
  });

  test("is the error that its owner threw, and the member leaves", async () => {
    const cluster = new GroupCluster();
    cluster.append(0, "a");
    const { run } = join(cluster, {
      records: () => {
        throw new Error("no room for such a record");
      },
    });
    await expect(run).rejects.toThrow("no room for such a record");
    expect(cluster.asked.at(-1)).toBe("leave");
  });

  test("is a fault of the setup when the group is forbidden", async () => {
    const cluster = new GroupCluster();
    cluster.failures.set("coordinator", createProtocolError("GROUP_AUTHORIZATION_FAILED"));
    await expect(join(cluster).run).rejects.toMatchObject({ name: "KafkaError", code: "setup" });
  });

  test("comes with close, and then it is closed for good", async () => {
    const cluster = new GroupCluster();
    const { member, run, until } = join(cluster);
    await until("assigned 0@0 1@0");
    await member.close();
    await expect(run).rejects.toMatchObject({ code: "closed" });
    await expect(member.commit([positionOf(0, 1)])).rejects.toMatchObject({ code: "closed" });
  });
});
