// Load, kills, and the question whether every promise was kept.
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { type KafkaCluster, startKafka } from "../../stack/start-kafka.ts";
import { type PostgresServer, startPostgres } from "../../stack/start-postgres.ts";
import { connectPlatform } from "../platform/client.ts";
import { openPlatform, type Platform } from "../platform/open-platform.ts";
import { judgeRun, type KillRecord, type RunResult } from "./judge-run.ts";
import type { LoadShape } from "./judge-repetitions.ts";
import { startProducers } from "./producers.ts";
import { createSeededRandom, type SeededRandom } from "./random.ts";
import { FAN_OUT, SHARES, SLOWEST_ANSWER_MS, startReceivers, SUBSCRIPTIONS } from "./receivers.ts";
import { createTally, type Tally } from "./tally.ts";
import { describeOutcome, findWhereabouts } from "./whereabouts.ts";
import { untilCaughtUp, untilReplicated } from "./until-recovered.ts";
import { createVictims, type KillKind, type Victims } from "./victims.ts";

export interface ChaosOptions {
  /** Kills go on for so long; undefined: each kind once, and no more. */
  readonly killingMs: number | undefined;
  readonly seed: number;
  /** Events a second. */
  readonly rate: number;
  readonly nodes: 1 | 3;
  readonly dispatchers: number;
  readonly kinds: readonly KillKind[];
  /** A line about what happens. */
  readonly say: (line: string) => void;
}

const PARTITIONS = 6;
const PRODUCERS = 4;
/** Short, so that what is refused comes back within the run. */
const RETRY_DELAYS_MS = [300, 700, 1500, ...Array<number>(17).fill(3000)];
const DOWN_MS = [300, 2500] as const;
const QUIET_MS = [200, 2000] as const;
const RECOVERY_MS = 90_000;
const DRAIN_MS = 90_000;

/** Runs all of it, start and end of the servers included. @throws Error when the platform can't even be started */
export async function runChaos(options: ChaosOptions): Promise<RunResult> {
  const [cluster, postgres] = await Promise.all([startKafka({ nodes: options.nodes }), startPostgres()]);
  try {
    const platform = await openPlatform({
      stack: { kafkaBrokers: cluster.brokers, databaseUrl: postgres.url },
      ...{ partitions: PARTITIONS, replication: options.nodes, dispatchers: options.dispatchers },
    });
    try {
      return await runOn({ cluster, postgres, platform }, options);
    } finally {
      await platform.close();
    }
  } finally {
    await Promise.all([cluster.stop(), postgres.stop()]);
  }
}

interface Servers {
  readonly cluster: KafkaCluster;
  readonly postgres: PostgresServer;
  readonly platform: Platform;
}

async function runOn(servers: Servers, options: ChaosOptions): Promise<RunResult> {
  const { cluster, postgres, platform } = servers;
  const { services, client, kafka } = platform;
  const random = createSeededRandom(options.seed);
  const tally = createTally(SUBSCRIPTIONS);
  // Each with chance of its own: how many requests come must not change who is killed.
  const receivers = await startReceivers(createSeededRandom(options.seed + 1), tally);
  for (const [tenantId, names] of Object.entries(SUBSCRIPTIONS)) {
    for (const name of names) {
      await client.createSubscription({ url: receivers.urlOf(name), tenantId, retryDelaysMs: RETRY_DELAYS_MS });
    }
  }
  const addresses = { ingest: services.ingest.grpcAddress, subscription: services.subscription.grpcAddress };
  const clients = Array.from({ length: PRODUCERS }, () => connectPlatform(addresses));
  const victims = createVictims({ services, cluster, postgres, kafka, partitions: PARTITIONS, random });
  const kills: KillRecord[] = [];
  const problems: string[] = [];
  const startedAtMs = Date.now();
  const producers = startProducers({
    ...{ clients, tally, rate: options.rate, shares: SHARES },
    ...{ random: createSeededRandom(options.seed + 2), idPrefix: randomBytes(3).toString("hex") },
  });
  try {
    await untilCaughtUp({ ...viewOf(servers), deadlineMs: RECOVERY_MS });
    await killOneAfterAnother({ servers, options, random, tally, victims, kills });
    await producers.finish(DRAIN_MS);
    await tally.untilAllReceived(DRAIN_MS);
    await untilCaughtUp({ ...viewOf(servers), deadlineMs: RECOVERY_MS });
  } catch (error) {
    problems.push(error instanceof Error ? error.message : String(error));
  }
  const seconds = (Date.now() - startedAtMs) / 1000;
  const load: LoadShape = { deliveriesPerSecond: options.rate * FAN_OUT, slowestAnswerMs: SLOWEST_ANSWER_MS };
  const result = judgeRun({
    ...{ seed: options.seed, seconds, made: producers.made(), refusals: producers.refusals(), tally, kills, load },
    problems: [...problems, ...victims.findSelfEnded().map(({ name, pid }) => `${name} (pid ${pid}) ended by itself`)],
  });
  if (result.violations.length > 0) {
    const whereabouts = await findWhereabouts(kafka, tally.findLost()).catch((error: unknown) => [String(error)]);
    for (const line of describeOutcome(whereabouts, victims.processes())) options.say(line);
  }
  for (const each of clients) each.close();
  await receivers.close();
  return result;
}

function viewOf({ cluster, platform }: Servers): { brokers: string; topicPrefix: string } {
  return { brokers: cluster.brokers, topicPrefix: platform.topicPrefix };
}

interface Killing {
  readonly servers: Servers;
  readonly options: ChaosOptions;
  readonly random: SeededRandom;
  readonly tally: Tally;
  readonly victims: Victims;
  readonly kills: KillRecord[];
}

async function killOneAfterAnother(killing: Killing): Promise<void> {
  const { options, random } = killing;
  const untilMs = performance.now() + (options.killingMs ?? 0);
  do {
    for (const kind of random.shuffle(options.kinds)) {
      if (options.killingMs !== undefined && performance.now() > untilMs) return;
      await sleep(random.between(...QUIET_MS));
      await killOnce(kind, killing);
    }
  } while (options.killingMs !== undefined);
}

/** Kills, brings back, and waits until every partition is attended to again; only then may the next one die. */
async function killOnce(kind: KillKind, { servers, options, random, tally, victims, kills }: Killing): Promise<void> {
  const downMs = random.between(...DOWN_MS);
  const atMs = Date.now();
  const down = await victims.kill(kind);
  options.say(`kill -9 of ${down.what}`);
  await sleep(downMs);
  await down.bringBack();
  const backAtMs = Date.now();
  const view = { ...viewOf(servers), deadlineMs: RECOVERY_MS };
  if (options.nodes === 3 && (kind === "leader" || kind === "coordinator")) await untilReplicated(view);
  await untilCaughtUp(view);
  const recoveredAtMs = Date.now();
  const gapMs = tally.longestGapMs(atMs, recoveredAtMs);
  kills.push({ kind, what: down.what, atMs, backAtMs, recoveredAtMs, gapMs });
  const times = `back after ${seconds(backAtMs - atMs)}, all partitions caught up after ${seconds(recoveredAtMs - atMs)}`;
  const counts = `${tally.accepted()} accepted, ${tally.received()} received, ${tally.repetitions.length} repeated`;
  options.say(`  ${times}; longest gap ${seconds(gapMs)}; ${counts}`);
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
