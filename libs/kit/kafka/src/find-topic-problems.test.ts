import { describe, expect, test } from "vitest";
import { findTopicProblems, findTopicRisks, type FoundTopic, wantedConfig } from "./find-topic-problems.ts";

const plan = { name: "postrider.events", retentionMs: 604_800_000, maxMessageBytes: 1_048_588 };
const rules = { replication: 3 };
const good: FoundTopic = { replication: 3, isComplete: true, config: wantedConfig(plan, rules) };

/** The good topic with one setting changed. */
function having(setting: string, value: string): FoundTopic {
  return { ...good, config: { ...good.config, [setting]: value } };
}

describe("a topic that exists", () => {
  test("is fine as it would be made, and if it keeps more", () => {
    expect(findTopicProblems(plan, good, rules)).toEqual([]);
    expect(findTopicProblems(plan, having("retention.ms", "-1"), rules)).toEqual([]);
    expect(findTopicProblems(plan, having("retention.ms", "999999999999"), rules)).toEqual([]);
    expect(findTopicProblems(plan, having("min.insync.replicas", "3"), rules)).toEqual([]);
    expect(findTopicProblems(plan, having("compression.type", "gzip"), rules)).toEqual([]);
  });

  test.each([
    ["message.timestamp.type", "CreateTime"],
    ["cleanup.policy", "compact"],
    ["retention.ms", "3600000"],
    ["retention.bytes", "1073741824"],
    ["max.message.bytes", "1000"],
    ["min.insync.replicas", "1"],
    ["unclean.leader.election.enable", "true"],
    ["compression.type", "producer"],
  ])("breaks a promise with %s=%s, and the problem names both and the command", (setting, value) => {
    const problems = findTopicProblems(plan, having(setting, value), rules);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(`postrider.events has ${setting}=${value} instead of`);
    expect(problems[0]).toContain("kafka-configs --alter --topic postrider.events");
  });

  test("has too few copies", () => {
    expect(findTopicProblems(plan, { ...good, replication: 2 }, rules).join()).toContain("2 copies");
  });

  test("can't be appended to when more copies are asked for than there are", () => {
    const found = { ...having("min.insync.replicas", "4"), replication: 3 };
    expect(findTopicProblems(plan, found, rules).join()).toContain("nothing can be appended");
  });
});

test("a topic that is not there is a problem", () => {
  expect(findTopicProblems(plan, undefined, rules)).toEqual([expect.stringContaining("postrider.events is not there")]);
});

describe("a topic that can't spare a copy", () => {
  test("is a risk, told with the command, and no problem", () => {
    const found = having("min.insync.replicas", "3");
    expect(findTopicProblems(plan, found, rules)).toEqual([]);
    const risks = findTopicRisks(plan, found);
    expect(risks).toHaveLength(1);
    expect(risks[0]).toContain("postrider.events has min.insync.replicas=3 with 3 copies");
    expect(risks[0]).toContain("--add-config min.insync.replicas=2");
  });

  test("is none where a copy may be missing, and where there is one only", () => {
    expect(findTopicRisks(plan, good)).toEqual([]);
    expect(findTopicRisks(plan, { ...having("min.insync.replicas", "1"), replication: 1 })).toEqual([]);
    expect(findTopicRisks(plan, undefined)).toEqual([]);
  });
});
