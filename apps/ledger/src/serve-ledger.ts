import { ACCESS_WORDS } from "@postrider/domain-access";
import { type Access, connectAccessTokens, createTokenCache, openAccess, openCalling } from "@postrider/kit-access";
import { openKafkaEventLog } from "@postrider/kit-event-log";
import { describeKafkaNotice, type Kafka, openPreparedKafka } from "@postrider/kit-kafka";
import type { Clock, Random, Service } from "@postrider/kit-lifecycle";
import { openPostgres, type Postgres } from "@postrider/kit-postgres";
import { closedAtEnd, type Serving, startServing } from "@postrider/kit-serving";
import { createRegistry, type Logger } from "@postrider/kit-telemetry";
import { planTopics } from "@postrider/records";
import type { Registry } from "prom-client";
import type { LedgerConfig } from "./config.ts";
import { createLedger } from "./create-ledger.ts";
import { LEDGER_TOPICS } from "./projection/decode-record.ts";
import { postgresLedgerSchema } from "./store/ledger-schema.ts";
import { openPostgresLedgerStore } from "./store/postgres-ledger-store.ts";

/** Questions are small. */
const MAX_MESSAGE_BYTES = 1024 * 1024;

export interface ServeLedgerDeps {
  readonly config: LedgerConfig;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly random: Random;
}

/** A ledger as a process of its own: one of any number that share the partitions. @throws Error in one line when it can't start */
export async function serveLedger(deps: ServeLedgerDeps): Promise<Serving> {
  const { config, logger, clock } = deps;
  const registry = createRegistry();
  const door = await openDoor(deps, registry);
  const postgres = await openDatabase(deps);
  const kafka = await openLog(deps).catch(async (error: unknown) => {
    await postgres.close();
    throw error;
  });
  const { services, projection } = createLedger({
    log: openKafkaEventLog({ kafka }),
    store: openPostgresLedgerStore({ postgres, keptDataBytes: config.ledgerDataBytes }),
    ...{ clock, registry, logger, retentionMs: config.ledgerRetentionMs, restFactor: 0 },
  });
  return startServing({
    grpc: { address: config.grpcAddress, services, maxMessageBytes: MAX_MESSAGE_BYTES, door: door.access },
    admin: { address: config.adminAddress, registry },
    services: [
      closedAtEnd("database", postgres.close),
      closedAtEnd("kafka", kafka.close),
      ...door.services,
      projection,
    ],
    ...{ findUnready: door.access.findUnready, logger, clock, graceMs: config.graceMs },
  });
}

interface Door {
  readonly access: Access;
  readonly services: readonly Service[];
}

/** Who may ask: as the subscription service knows them. */
async function openDoor({ config, clock, random, logger }: ServeLedgerDeps, registry: Registry): Promise<Door> {
  const opening = { config, clock, registry, logger };
  const calling = await openCalling({ ...opening, addresses: [config.subscriptionAddress] });
  const store = connectAccessTokens({ address: config.subscriptionAddress, credentials: calling.credentials });
  const stored = createTokenCache({ store, graceMs: config.tokenGraceMs, clock, random, logger });
  const access = await openAccess({ ...opening, grpcAddress: config.grpcAddress, words: ACCESS_WORDS, stored });
  return { access, services: [...calling.services, closedAtEnd("access tokens", store.close), ...access.services] };
}

async function openDatabase({ config, logger, clock }: ServeLedgerDeps): Promise<Postgres> {
  return openPostgres({
    url: config.databaseUrl,
    schema: postgresLedgerSchema,
    applicationName: "postrider-ledger",
    onNotice: (message) => {
      logger.warn(message);
    },
    clock,
  });
}

async function openLog({ config, logger, clock }: ServeLedgerDeps): Promise<Kafka> {
  const topics: readonly string[] = LEDGER_TOPICS;
  return openPreparedKafka({
    ...{ settings: config, clientId: "postrider-ledger", clock },
    topics: planTopics(config.retentionMs).filter(({ name }) => topics.includes(name)),
    onNotice: (notice) => {
      logger.warn(...describeKafkaNotice(notice));
    },
  });
}
