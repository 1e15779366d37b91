import { join } from "node:path";
import { createDispatcher } from "@postrider/dispatcher";
import { ACCESS_WORDS } from "@postrider/domain-access";
import { createIngest } from "@postrider/ingest";
import { type Access, createTokenCache, openAccess, type TokenStore } from "@postrider/kit-access";
import { deferredSchema, openSqliteDeferred } from "@postrider/kit-deferred";
import { type Egress, openEgress, openEgressPolicy } from "@postrider/kit-egress";
import { type EventLog, eventLogSchema, openSqliteEventLog } from "@postrider/kit-event-log";
import { createKysely, eventStoreSchema, openSqliteEventStore } from "@postrider/kit-event-store";
import type { Clock, Random, Service } from "@postrider/kit-lifecycle";
import type { RpcService } from "@postrider/kit-rpc";
import { closedAtEnd, type Serving, startServing } from "@postrider/kit-serving";
import { openSqlite, type Sqlite } from "@postrider/kit-sqlite";
import { createRegistry, type Logger } from "@postrider/kit-telemetry";
import { createLedger, openSqliteLedgerStore, sqliteLedgerSchema } from "@postrider/ledger";
import { TOPICS } from "@postrider/records";
import {
  createOutbox,
  createSecretEraser,
  createSubscription,
  prepareSecrets,
  type SubscriptionDeps,
  type SubscriptionSchema,
  subscriptionSchema,
  createUrlVerifier,
  findVerificationMethod,
} from "@postrider/subscription";
import type { Registry } from "prom-client";
import type { StandaloneConfig } from "./config.ts";
import { openSealer } from "./open-sealer.ts";

/** A batch of 1,000 events of 4 KiB, or one event of 256 KiB with room to spare. */
const MAX_MESSAGE_BYTES = 4 * 1024 * 1024;
/** Positions go into commits that are made anyway, so they can follow closely: a crash repeats little. */
const COMMIT_MS = 20;
/** Often enough that the time to a warning is kept within a tenth, seldom enough to cost nothing. */
const REPORTS_UNTIL_FAILING = 12;
/**
 * Publishes and deliveries have the thread of the file first: of each of its three topics the ledger writes a ninth of the
 * time at most, and is further behind instead.
 */
const LEDGER_REST_FACTOR = 8;

export interface StandaloneDeps {
  readonly config: StandaloneConfig;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly random: Random;
  /** Cryptographically strong: secrets are made of them. */
  readonly randomBytes: (count: number) => Uint8Array;
}

/** Ingest, subscription, dispatcher and ledger in one process on one SQLite file. @throws Error when it can't start */
export async function createStandalone(deps: StandaloneDeps): Promise<Serving> {
  const { config, clock, logger } = deps;
  const store = await openStore(deps);
  const registry = createRegistry();
  const wired = wire(deps, store, registry);
  const { rpcServices, eventTypes, outbox, dispatcher, egress } = wired;
  const access = await openDoor(deps, wired.accessTokens, registry).catch(async (error: unknown) => {
    await store.close();
    throw error;
  });
  const ledger = createLedger({
    ...{ log: store.log, clock, registry, logger, retentionMs: config.ledgerRetentionMs },
    restFactor: LEDGER_REST_FACTOR,
    store: openSqliteLedgerStore({ sqlite: store.sqlite, keptDataBytes: config.ledgerDataBytes }),
  });
  const services = [...rpcServices, ...ledger.services];
  return startServing({
    grpc: { address: config.grpcAddress, services, maxMessageBytes: MAX_MESSAGE_BYTES, door: access },
    admin: { address: config.adminAddress, registry },
    services: [
      closedAtEnd("store", store.close),
      ledger.projection,
      // The dispatcher has waited for what was out; what still is, it has left for the next start.
      closedAtEnd("egress", async () => egress.close(0)),
      ...access.services,
      eventTypes,
      createSecretEraser({ ...store.subscriptions, clock, logger }),
      outbox,
      dispatcher,
    ],
    findUnready: () => [...wired.findUnready(), ...access.findUnready()],
    ...{ logger, clock, graceMs: config.graceMs },
  });
}

async function openDoor(
  { config, clock, random, logger }: StandaloneDeps,
  store: TokenStore,
  registry: Registry,
): Promise<Access> {
  const stored = createTokenCache({ store, graceMs: config.tokenGraceMs, clock, random, logger });
  return openAccess({ config, grpcAddress: config.grpcAddress, words: ACCESS_WORDS, stored, clock, registry, logger });
}

interface Store {
  readonly sqlite: Sqlite;
  readonly log: EventLog;
  readonly subscriptions: Pick<SubscriptionDeps, "store" | "database" | "sealer">;
  readonly close: () => Promise<void>;
}

async function openStore(deps: StandaloneDeps): Promise<Store> {
  const { config, clock } = deps;
  const topics = Object.values(TOPICS).map((name) => ({ name, retentionMs: config.retentionMs }));
  const sqlite = await openSqlite({
    path: join(config.dataDir, "postrider.sqlite"),
    schema: [
      ...[...eventLogSchema(Object.values(TOPICS)), ...deferredSchema, ...eventStoreSchema, ...subscriptionSchema],
      ...sqliteLedgerSchema,
    ],
  });
  const log = openSqliteEventLog({ sqlite, topics, clock });
  const close = async (): Promise<void> => {
    await log.close();
    await sqlite.close();
  };
  try {
    return { sqlite, log, subscriptions: await openSubscriptions(deps, sqlite), close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function openSubscriptions(deps: StandaloneDeps, sqlite: Sqlite): Promise<Store["subscriptions"]> {
  const database = createKysely<SubscriptionSchema>(sqlite);
  const sealer = await openSealer({ ...deps, database });
  const opened = { store: openSqliteEventStore({ sqlite }), database, sealer };
  await prepareSecrets({ ...opened, logger: deps.logger });
  return opened;
}

/** Every part and what it needs, in the order of dependency. */
function wire(
  { config, logger, clock, random, randomBytes }: StandaloneDeps,
  { sqlite, log, subscriptions }: Store,
  registry: Registry,
): Wired {
  const policy = openEgressPolicy(config);
  const egress = openEgress({ policy, config, clock });
  const verification = findVerificationMethod(config);
  const asking = { egress, clock, registry, randomBytes, userAgent: `Postrider/${config.version}` };
  const subscription = createSubscription({
    ...subscriptions,
    urlVerifier: verification && createUrlVerifier({ method: verification, ...asking }),
    checkUrl: (url) => policy.checkUrl(url)?.message,
    thresholds: config,
    clock,
    randomBytes,
  });
  const ingest = createIngest({
    ...{ writer: log.writer, catalog: subscription.lookups },
    ...{ clock, random, registry, logger, publishRate: config.publishRate },
  });
  const dispatcher = createDispatcher({
    log,
    deferred: openSqliteDeferred({ sqlite, clock }),
    subscriptions: { ...subscription.lookups, disable: subscription.disable, reportHealth: subscription.reportHealth },
    egress,
    clock,
    random,
    process: {
      registry,
      logger,
      version: config.version,
      graceMs: config.graceMs,
      commitMs: COMMIT_MS,
      healthReportMs: config.failingAfterMs / REPORTS_UNTIL_FAILING,
      isShared: false,
    },
  });
  return {
    rpcServices: [...ingest.services, ...subscription.services],
    accessTokens: subscription.accessTokens,
    ...{
      eventTypes: ingest.cache,
      outbox: createOutbox({ ...subscriptions, ingest, clock, logger, registry }),
      dispatcher,
      egress,
    },
    findUnready: () => [...ingest.findUnready(), ...dispatcher.findUnready()],
  };
}

interface Wired {
  readonly rpcServices: readonly RpcService[];
  readonly accessTokens: TokenStore;
  readonly eventTypes: Service;
  readonly outbox: Service;
  readonly dispatcher: Service;
  readonly egress: Egress;
  readonly findUnready: () => readonly string[];
}
