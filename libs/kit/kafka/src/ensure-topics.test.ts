import { FakeClock } from "@postrider/testing";
import type { Admin } from "kafkajs";
import { expect, test } from "vitest";
import { ensureTopics } from "./ensure-topics.ts";
import { wantedConfig } from "./find-topic-problems.ts";
import type { KafkaNotice } from "./kafka-notice.ts";
import type { Cluster } from "./kafkajs-internals.ts";

const plan = { name: "p.events", retentionMs: 3_600_000, maxMessageBytes: 1_048_588 };

/** Ensures the plan on a cluster of three nodes where it is there already, with these settings changed. */
async function ensureExisting(changed: Readonly<Record<string, string>>): Promise<readonly KafkaNotice[]> {
  const config = { ...wantedConfig(plan, { replication: 3 }), ...changed };
  const configEntries = Object.entries(config).map(([configName, configValue]) => ({ configName, configValue }));
  const admin = {
    listTopics: async () => Promise.resolve([plan.name]),
    fetchTopicMetadata: async () =>
      Promise.resolve({ topics: [{ name: plan.name, partitions: [{ leader: 1, replicas: [1, 2, 3] }] }] }),
    describeConfigs: async () => Promise.resolve({ resources: [{ resourceName: plan.name, configEntries }] }),
  };
  const notices: KafkaNotice[] = [];
  await ensureTopics([plan], {
    ...{
      admin: admin as unknown as Admin,
      cluster: {} as Cluster,
      clock: new FakeClock(),
      partitions: 6,
      replication: 3,
    },
    onNotice: (notice) => notices.push(notice),
  });
  return notices;
}

test("a topic as it would be made is ensured without a word", async () => {
  expect(await ensureExisting({})).toEqual([]);
});

test("a topic that nothing can be appended to while one broker is down is told, and taken", async () => {
  expect(await ensureExisting({ "min.insync.replicas": "3" })).toEqual([
    {
      kind: "topic_differs",
      message: expect.stringContaining("nothing can be appended while one broker is down") as string,
      facts: { topic: "p.events" },
    },
  ]);
});

test("a topic that drops events for their size is not taken", async () => {
  const ensuring = ensureExisting({ "retention.bytes": "1000000" });
  await expect(ensuring).rejects.toMatchObject({ code: "setup" });
  await expect(ensuring).rejects.toThrow(/retention\.bytes=1000000 instead of -1.*--add-config retention\.bytes=-1/);
});
