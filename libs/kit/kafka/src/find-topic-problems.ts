import type { TopicPlan } from "./kafka.ts";

/** What holds for all topics. */
export interface TopicRules {
  readonly replication: number;
}

/** A topic as it is. */
export interface FoundTopic {
  /** The least number of copies that a partition has. */
  readonly replication: number;
  /** Every partition has a leader. */
  readonly isComplete: boolean;
  readonly config: Readonly<Record<string, string>>;
}

/** One copy may be lost, and writing goes on, if there are three. */
function minInsyncReplicas({ replication }: TopicRules): number {
  return replication >= 3 ? 2 : 1;
}

/** The whole configuration of a topic that is made; the broker's defaults are the operator's, and may be others. */
export function wantedConfig(plan: TopicPlan, rules: TopicRules): Record<string, string> {
  return {
    "message.timestamp.type": "LogAppendTime",
    "cleanup.policy": "delete",
    "retention.ms": String(plan.retentionMs),
    // Also where the brokers' own log.retention.bytes would say otherwise.
    "retention.bytes": "-1",
    "max.message.bytes": String(plan.maxMessageBytes),
    "min.insync.replicas": String(minInsyncReplicas(rules)),
    "unclean.leader.election.enable": "false",
    // As the brokers keep it, whatever a producer's client sends: the codecs that we can't read never reach us.
    "compression.type": "uncompressed",
  };
}

type Judge = (value: string, wanted: string) => boolean;

const isSame: Judge = (value, wanted) => value === wanted;
const isReadable: Judge = (value) => value === "uncompressed" || value === "gzip";
const isAtLeast: Judge = (value, wanted) => Number(value) >= Number(wanted);
/** -1 keeps all. */
const isKeptAsLong: Judge = (value, wanted) => value === "-1" || (wanted !== "-1" && isAtLeast(value, wanted));

/** Each setting that a promise stands on, what is good enough, and which promise. */
const RULES: readonly { readonly name: string; readonly judge: Judge; readonly because: string }[] = [
  {
    name: "message.timestamp.type",
    judge: isSame,
    because: "due times and the window of repeated ids follow the broker's clock",
  },
  { name: "cleanup.policy", judge: isSame, because: "compaction would drop events" },
  { name: "retention.ms", judge: isKeptAsLong, because: "events would be dropped before they are delivered" },
  {
    name: "retention.bytes",
    judge: isSame,
    because: "events would be dropped for their size before they are delivered",
  },
  { name: "max.message.bytes", judge: isAtLeast, because: "large events would be refused" },
  { name: "min.insync.replicas", judge: isAtLeast, because: "an accepted event could be on one disk only" },
  { name: "unclean.leader.election.enable", judge: isSame, because: "a change of leaders could lose accepted events" },
  {
    name: "compression.type",
    judge: isReadable,
    because: "what a producer compresses with snappy, lz4 or zstd could not be read",
  },
];

/** What keeps a topic from being what was planned, each in words that say what to change. */
export function findTopicProblems(plan: TopicPlan, found: FoundTopic | undefined, rules: TopicRules): string[] {
  const { name } = plan;
  if (!found) return [`topic ${name} is not there: may this client create topics?`];
  const problems: string[] = [];
  if (found.replication < rules.replication) {
    problems.push(
      `topic ${name} has ${found.replication} copies of a partition instead of ${rules.replication}: ` +
        "add copies (kafka-reassign-partitions), or set POSTRIDER_KAFKA_REPLICATION to that",
    );
  }
  const wanted = wantedConfig(plan, rules);
  for (const { name: setting, judge, because } of RULES) {
    const [value = "?", goal = ""] = [found.config[setting], wanted[setting]];
    if (judge(value, goal)) continue;
    const command = `kafka-configs --alter --topic ${name} --add-config ${setting}=${goal}`;
    problems.push(`topic ${name} has ${setting}=${value} instead of ${goal}, so ${because} (${command})`);
  }
  const insync = Number(found.config["min.insync.replicas"]);
  if (insync > found.replication) {
    problems.push(
      `topic ${name} has min.insync.replicas=${insync} with ${found.replication} copies: nothing can be appended`,
    );
  }
  return problems;
}

/** What breaks no promise, and that an operator should know of before it happens; in words that say what to change. */
export function findTopicRisks({ name }: TopicPlan, found: FoundTopic | undefined): string[] {
  const insync = Number(found?.config["min.insync.replicas"]);
  if (found === undefined || found.replication < 2 || insync !== found.replication) return [];
  const change = `kafka-configs --alter --topic ${name} --add-config min.insync.replicas=${found.replication - 1}`;
  return [
    `topic ${name} has min.insync.replicas=${insync} with ${found.replication} copies, ` +
      `so that nothing can be appended while one broker is down (${change})`,
  ];
}
