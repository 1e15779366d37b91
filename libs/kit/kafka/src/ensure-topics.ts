import type { Admin } from "kafkajs";
import { type Clock, pause } from "@postrider/kit-lifecycle";
import { appendNothing } from "./append-nothing.ts";
import { createKafkaError, findProtocolError } from "./kafka-failure.ts";
import {
  findTopicProblems,
  findTopicRisks,
  type FoundTopic,
  type TopicRules,
  wantedConfig,
} from "./find-topic-problems.ts";
import type { NoticeSink } from "./kafka-notice.ts";
import { KafkaError, type TopicPlan } from "./kafka.ts";
import type { Cluster } from "./kafkajs-internals.ts";
import { loadKafkajs } from "./load-kafkajs.ts";

/** A new topic's leaders and replicas are there within a second; a loaded cluster may need longer. */
const READY_MS = 20_000;
const POLL_MS = 100;

export interface EnsureTopicsDeps {
  readonly admin: Admin;
  readonly cluster: Cluster;
  readonly clock: Clock;
  readonly onNotice: NoticeSink;
  readonly partitions: number;
  readonly replication: number;
}

/** Names as the cluster has them. @throws {KafkaError} setup, with every problem in one line; unavailable */
export async function ensureTopics(plans: readonly TopicPlan[], deps: EnsureTopicsDeps): Promise<void> {
  try {
    const rules: TopicRules = { replication: deps.replication };
    const known = new Set(await deps.admin.listTopics());
    const missing = plans.filter(({ name }) => !known.has(name));
    if (missing.length > 0) await createTopics(missing, rules, deps);
    const found = await untilComplete(plans, deps);
    // A broker tells of a new leader before that knows of it: a first append could succeed in part, and be doubled.
    await Promise.all(missing.map(async ({ name }) => appendNothing(name, deps)));
    const problems = plans.flatMap((plan) => findTopicProblems(plan, found.get(plan.name), rules));
    if (problems.length > 0) throw new KafkaError("setup", problems.join("; "));
    for (const plan of plans) {
      for (const message of findTopicRisks(plan, found.get(plan.name))) {
        deps.onNotice({ kind: "topic_differs", message, facts: { topic: plan.name } });
      }
    }
  } catch (error) {
    throw createKafkaError("could not look at the topics", error);
  }
}

async function createTopics(plans: readonly TopicPlan[], rules: TopicRules, deps: EnsureTopicsDeps): Promise<void> {
  const { brokers } = await deps.admin.describeCluster();
  if (brokers.length < deps.replication) {
    throw new KafkaError(
      "setup",
      `the cluster has ${brokers.length} broker(s), and ${deps.replication} copies of each topic are asked for: ` +
        "add brokers, or set POSTRIDER_KAFKA_REPLICATION lower (with 1, a lost disk loses events)",
    );
  }
  try {
    // It says true when it made them. Its own wait for leaders is not used: it races with a KRaft controller.
    await deps.admin.createTopics({
      waitForLeaders: false,
      topics: plans.map((plan) => ({
        topic: plan.name,
        numPartitions: deps.partitions,
        replicationFactor: deps.replication,
        configEntries: Object.entries(wantedConfig(plan, rules)).map(([name, value]) => ({ name, value })),
      })),
    });
  } catch (error) {
    // Another service was faster.
    if (!isAlreadyThere(error))
      throw createKafkaError(`could not make ${plans.map(({ name }) => name).join(", ")}`, error);
  }
}

function isAlreadyThere(error: unknown): boolean {
  const inner = error instanceof Error && "errors" in error ? (error.errors as unknown[]) : [error];
  return inner.every((each) => findProtocolError(each) === "TOPIC_ALREADY_EXISTS");
}

async function untilComplete(
  plans: readonly TopicPlan[],
  deps: EnsureTopicsDeps,
): Promise<ReadonlyMap<string, FoundTopic>> {
  const untilUs = deps.clock.monotonicUs() + READY_MS * 1000;
  for (;;) {
    const found = await describeTopics(plans, deps.admin).catch((error: unknown) => {
      // Just made, and not known to the broker that was asked yet.
      if (findProtocolError(error) === "UNKNOWN_TOPIC_OR_PARTITION") return undefined;
      throw error;
    });
    if (found && plans.every(({ name }) => found.get(name)?.isComplete)) return found;
    if (deps.clock.monotonicUs() > untilUs) {
      const waiting = plans.filter(({ name }) => !found?.get(name)?.isComplete).map(({ name }) => name);
      throw new KafkaError("unavailable", `${waiting.join(", ")}: no leader or too few copies after ${READY_MS} ms`);
    }
    await pause(deps.clock, POLL_MS);
  }
}

async function describeTopics(plans: readonly TopicPlan[], admin: Admin): Promise<ReadonlyMap<string, FoundTopic>> {
  const names = plans.map(({ name }) => name);
  const { topics } = await admin.fetchTopicMetadata({ topics: names });
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: names.map((name) => ({ type: loadKafkajs().ConfigResourceTypes.TOPIC, name })),
  });
  return new Map(
    topics.map(({ name, partitions }) => {
      const entries = resources.find(({ resourceName }) => resourceName === name)?.configEntries ?? [];
      const replication = Math.min(...partitions.map(({ replicas }) => replicas.length));
      // A broker that is away now must not keep a service from starting: a leader is enough.
      const isComplete = partitions.length > 0 && partitions.every(({ leader }) => leader >= 0);
      const config = Object.fromEntries(entries.map(({ configName, configValue }) => [configName, configValue]));
      return [name, { replication, isComplete, config }];
    }),
  );
}
