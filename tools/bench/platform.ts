// The platform under test, in processes of its own: standalone on a fresh folder, or the services on a fresh Kafka and a
// fresh PostgreSQL. Either is started with the flags of its npm script: users get what is measured.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readStartFlags } from "../services/read-start-flags.ts";
import { type ServiceName, type ServiceProcess, startService } from "../services/service-process.ts";
import { type Services, startServices } from "../services/start-services.ts";
import { type KafkaCluster, startKafka } from "../stack/start-kafka.ts";
import { type PostgresServer, startPostgres } from "../stack/start-postgres.ts";
import type { Processes } from "./measure.ts";

export interface Platform {
  /** What it consists of now, by name. */
  readonly processes: () => Processes;
  /** Where events are published. */
  readonly ingestAddress: string;
  /** Where event types and subscriptions are made. */
  readonly subscriptionAddress: string;
  /** By service: from the start of its process to the line that says it is ready. */
  readonly readyMs: Readonly<Record<string, number>>;
  /** Deliveries that were put off without an attempt, since the start. */
  readonly countDeferred: () => Promise<number>;
  /** One more dispatcher, where there can be several; resolves when it has its share of the partitions. */
  readonly startDispatcher?: () => Promise<void>;
  /** Asks all to end, and removes what they kept. */
  readonly stop: () => Promise<void>;
}

/** More flags of Node for one service, such as a profiler's. */
export type MoreFlags = Partial<Readonly<Record<ServiceName, readonly string[]>>>;

/** @throws with its last lines when it ends before it is ready, or isn't within a minute */
export async function startPlatform(on: "sqlite" | "kafka", moreFlags: MoreFlags = {}): Promise<Platform> {
  return on === "sqlite" ? await startOnSqlite(moreFlags) : await startOnKafka(moreFlags);
}

async function startOnSqlite(moreFlags: MoreFlags): Promise<Platform> {
  const folder = mkdtempSync(join(tmpdir(), "postrider-bench-"));
  const removeFolder = (): void => {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  process.once("exit", removeFolder);
  const name = "standalone";
  const nodeArguments = flagsOf(name, moreFlags);
  const standalone = await startService({ name, environment: { POSTRIDER_DATA_DIR: folder }, nodeArguments });
  return {
    processes: () => ({ platform: standalone.pid }),
    ingestAddress: standalone.grpcAddress,
    subscriptionAddress: standalone.grpcAddress,
    readyMs: { platform: standalone.readyMs },
    countDeferred: () => readMetric(standalone, deferredMetric),
    stop: async () => {
      await standalone.stop("SIGTERM");
      process.removeListener("exit", removeFolder);
      removeFolder();
    },
  };
}

/** As in a small installation: one broker, and events in twelve partitions. */
const partitions = 12;

async function startOnKafka(moreFlags: MoreFlags): Promise<Platform> {
  // One after the other, so that a failure of the second stops the first; each takes seconds.
  const kafka = await startKafka({ nodes: 1 });
  try {
    const postgres = await startPostgres({ fsync: true });
    try {
      const services = await startServices({
        kafkaBrokers: kafka.brokers,
        databaseUrl: postgres.url,
        ...{ topicPrefix: "bench.", partitions, replication: 1, dispatchers: 1 },
        nodeArgumentsOf: {
          ingest: flagsOf("ingest", moreFlags),
          subscription: flagsOf("subscription", moreFlags),
          dispatcher: flagsOf("dispatcher", moreFlags),
        },
      });
      return describePlatform({ kafka, postgres, services });
    } catch (error) {
      await postgres.stop();
      throw error;
    }
  } catch (error) {
    await kafka.stop();
    throw error;
  }
}

interface Parts {
  readonly kafka: KafkaCluster;
  readonly postgres: PostgresServer;
  readonly services: Services;
}

function describePlatform({ kafka, postgres, services }: Parts): Platform {
  const { ingest, subscription } = services;
  const dispatchers = [...services.dispatchers];
  return {
    processes: () => ({
      ingest: ingest.pid,
      subscription: subscription.pid,
      ...Object.fromEntries(dispatchers.map(({ pid }, index) => [nameDispatcher(index), pid])),
      kafka: kafka.nodes[0]?.pid ?? 0,
      postgres: postgres.pid ?? 0,
    }),
    ingestAddress: ingest.grpcAddress,
    subscriptionAddress: subscription.grpcAddress,
    readyMs: Object.fromEntries(
      [ingest, subscription, ...dispatchers.slice(0, 1)].map(({ name, readyMs }) => [name, readyMs]),
    ),
    countDeferred: async () => {
      const counts = await Promise.all(dispatchers.map(async (each) => readMetric(each, deferredMetric)));
      return counts.reduce((sum, count) => sum + count, 0);
    },
    startDispatcher: async () => {
      dispatchers.push(await services.startDispatcher());
      await untilShared(dispatchers);
    },
    stop: async () => {
      await services.stop();
      await Promise.all([kafka.stop(), postgres.stop()]);
    },
  };
}

/** The first keeps its name, whether or not there are more. */
export function nameDispatcher(index: number): string {
  return index === 0 ? "dispatcher" : `dispatcher ${index + 1}`;
}

function flagsOf(name: ServiceName, moreFlags: MoreFlags): readonly string[] {
  return [...readStartFlags(name), ...(moreFlags[name] ?? [])];
}

const sharedTimeoutMs = 60_000;

/** Until each dispatcher has partitions, and each partition one dispatcher. */
async function untilShared(dispatchers: readonly ServiceProcess[]): Promise<void> {
  const endsAtMs = performance.now() + sharedTimeoutMs;
  for (;;) {
    const counts = await Promise.all(
      dispatchers.map(async (each) => readMetric(each, "postrider_assigned_partitions")),
    );
    if (counts.every((count) => count > 0) && counts.reduce((sum, count) => sum + count, 0) === partitions) return;
    if (performance.now() > endsAtMs)
      throw new Error(`the dispatchers have ${counts.join(" and ")} of ${partitions} partitions`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

const deferredMetric = "postrider_deferred_total";

/** The sum over its labels. */
async function readMetric({ adminAddress }: ServiceProcess, name: string): Promise<number> {
  const response = await fetch(`http://${adminAddress}/metrics`);
  const values = (await response.text()).matchAll(new RegExp(`^${name}(?:{.*})? ([0-9.e+]+)$`, "gm"));
  return [...values].reduce((sum, [, value]) => sum + Number(value), 0);
}
