import { subscribe } from "node:diagnostics_channel";
import { join } from "node:path";
import { createDispatcher } from "@postrider/dispatcher";
import { createIngest } from "@postrider/ingest";
import { deferredSchema, openSqliteDeferred } from "@postrider/kit-deferred";
import { createEgress, createEgressPolicy, type Egress } from "@postrider/kit-egress";
import { type EventLog, eventLogSchema, openSqliteEventLog } from "@postrider/kit-event-log";
import { createKysely, eventStoreSchema, openSqliteEventStore } from "@postrider/kit-event-store";
import { type Clock, type Random, runServices, type Service, untilAborted } from "@postrider/kit-lifecycle";
import { type RpcService, startRpcServer, UNEXPECTED_CHANNEL } from "@postrider/kit-rpc";
import { openSqlite, type Sqlite } from "@postrider/kit-sqlite";
import { createRegistry, type Logger, startAdminServer } from "@postrider/kit-telemetry";
import { TOPICS } from "@postrider/records";
import { createSubscription, type SubscriptionSchema, subscriptionSchema } from "@postrider/subscription";
import type { Registry } from "prom-client";
import type { StandaloneConfig } from "./config.ts";

/** A batch of 1,000 events of 4 KiB, or one event of 256 KiB with room to spare. */
const MAX_MESSAGE_BYTES = 4 * 1024 * 1024;
/** What the gRPC server gives running calls at the end; an append takes milliseconds. */
const RPC_GRACE_MS = 2000;
/** Positions go into commits that are made anyway, so they can follow closely: a crash repeats little. */
const COMMIT_MS = 20;
/** For closing everything else, after the grace of the requests that are out. */
const CLOSING_MS = 5000;

export interface StandaloneDeps {
  readonly config: StandaloneConfig;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly random: Random;
  /** Cryptographically strong: secrets are made of them. */
  readonly randomBytes: (count: number) => Uint8Array;
}

/** The whole platform in this process. */
export interface Standalone {
  readonly grpcAddress: string;
  readonly adminAddress: string;
  /** Works until the signal aborts, then ends in order. */
  readonly run: (signal: AbortSignal) => Promise<void>;
}

/** Ingest, subscription and dispatcher in one process on one SQLite file. @throws Error when it can't start */
export async function createStandalone(deps: StandaloneDeps): Promise<Standalone> {
  const { config, clock } = deps;
  logUnexpected(deps.logger);
  const store = await openStore(config, clock);
  const registry = createRegistry();
  try {
    const { services, dispatcher, egress } = wire(deps, store, registry);
    const rpc = await startRpcServer({ address: config.grpcAddress, services, maxMessageBytes: MAX_MESSAGE_BYTES });
    let isStopping = false;
    const findUnready = (): string[] => (isStopping ? ["stopping"] : []);
    const admin = await startAdminServer({ address: config.adminAddress, registry, findUnready });
    const longLived = [
      closedAtEnd("store", store.close),
      closedAtEnd("admin", admin.close),
      // The dispatcher has waited for what was out; what still is, it has left for the next start.
      closedAtEnd("egress", async () => egress.close(0)),
      dispatcher,
      closedAtEnd("grpc", async () => rpc.close(RPC_GRACE_MS)),
    ];
    return {
      grpcAddress: rpc.address,
      adminAddress: admin.address,
      run: async (signal) => {
        signal.addEventListener("abort", () => {
          isStopping = true;
        });
        await runServices(longLived, { signal, clock, graceMs: config.graceMs + CLOSING_MS });
      },
    };
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** Defects in handlers: the caller reads "internal error", the operator reads what it was. */
function logUnexpected(logger: Logger): void {
  subscribe(UNEXPECTED_CHANNEL, (unexpected) => {
    logger.error(unexpected, "a call failed unexpectedly");
  });
}

interface Store {
  readonly sqlite: Sqlite;
  readonly log: EventLog;
  readonly close: () => Promise<void>;
}

async function openStore(config: StandaloneConfig, clock: Clock): Promise<Store> {
  const topics = Object.values(TOPICS).map((name) => ({ name, retentionMs: config.retentionMs }));
  const sqlite = await openSqlite({
    path: join(config.dataDir, "postrider.sqlite"),
    schema: [...eventLogSchema(Object.values(TOPICS)), ...deferredSchema, ...eventStoreSchema, ...subscriptionSchema],
  });
  const log = openSqliteEventLog({ sqlite, topics, clock });
  const close = async (): Promise<void> => {
    await log.close();
    await sqlite.close();
  };
  return { sqlite, log, close };
}

/** Every part and what it needs, in the order of dependency. */
function wire(
  { config, logger, clock, random, randomBytes }: StandaloneDeps,
  { sqlite, log }: Store,
  registry: Registry,
): Wired {
  const policy = createEgressPolicy({ allowedRanges: config.egressAllow, allowHttp: true, ports: "any" });
  const egress = createEgress({ policy, clock });
  const subscription = createSubscription({
    store: openSqliteEventStore({ sqlite }),
    database: createKysely<SubscriptionSchema>(sqlite),
    checkUrl: (url) => policy.checkUrl(url)?.message,
    clock,
    randomBytes,
  });
  const ingest = createIngest({ writer: log.writer, catalog: subscription.lookups, clock, random, registry });
  const dispatcher = createDispatcher({
    log,
    deferred: openSqliteDeferred({ sqlite, clock }),
    subscriptions: subscription.lookups,
    egress,
    clock,
    random,
    process: { registry, logger, version: config.version, graceMs: config.graceMs, commitMs: COMMIT_MS },
  });
  return { services: [...ingest.services, ...subscription.services], dispatcher, egress };
}

interface Wired {
  readonly services: readonly RpcService[];
  readonly dispatcher: Service;
  readonly egress: Egress;
}

/** Something that only has to be closed, in its turn. */
function closedAtEnd(name: string, close: () => Promise<void>): Service {
  return {
    name,
    run: async (signal) => {
      await untilAborted(signal);
      await close();
    },
  };
}
