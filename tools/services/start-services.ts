// The services side by side on one Kafka and one PostgreSQL, as tests, chaos and benchmark need them.
import { randomBytes } from "node:crypto";
import { createMasterKey } from "@postrider/kit-secrets";
import { reservePorts } from "../stack/ports.ts";
import type { ServiceName, ServiceProcess } from "./service-process.ts";
import { startService } from "./service-process.ts";

export interface ServicesOptions {
  /** host:port, several separated by commas. */
  readonly kafkaBrokers: string;
  readonly databaseUrl: string;
  /** In front of topics and groups. */
  readonly topicPrefix: string;
  readonly partitions: number;
  readonly replication: number;
  readonly dispatchers: number;
  /** More settings, or others, for every service. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly nodeArguments?: readonly string[];
  /** Of one service, in place of `nodeArguments`. */
  readonly nodeArgumentsOf?: Partial<Readonly<Record<ServiceName, readonly string[]>>>;
}

/** All services of a platform. The ones that were killed are started again at the addresses that they had. */
export interface Services {
  readonly subscription: ServiceProcess;
  readonly ingest: ServiceProcess;
  readonly dispatchers: readonly ServiceProcess[];
  /** One more dispatcher, beside those that were started. */
  readonly startDispatcher: () => Promise<ServiceProcess>;
  /** A ledger, where one is wanted: deliveries go on without. */
  readonly startLedger: () => Promise<ServiceProcess>;
  /** A service again, where it was: same addresses, same settings. */
  readonly startAgain: (ended: ServiceProcess) => Promise<ServiceProcess>;
  /** SIGTERM to all that run, dispatchers first; resolves when all have ended. */
  readonly stop: () => Promise<void>;
}

/** Resolves when all are ready. @throws Error with the last words of the one that is not; the others are killed */
export async function startServices(options: ServicesOptions): Promise<Services> {
  const running = new Set<ServiceProcess>();
  // Each of the two is told where the other is, and one must be told before the other has begun.
  const { ports, release } = await reservePorts(1);
  const ingestAddress = `127.0.0.1:${ports[0]}`;
  const atIngest = { POSTRIDER_INGEST_ADDRESS: ingestAddress };
  const start = async (name: ServiceName, environment: Readonly<Record<string, string>>): Promise<ServiceProcess> => {
    const nodeArguments = options.nodeArgumentsOf?.[name] ?? options.nodeArguments ?? [];
    const started = await startService({ name, environment: { ...shared(options), ...environment }, nodeArguments });
    running.add(started);
    return started;
  };
  try {
    const subscription = await start("subscription", atIngest);
    const atSubscription = { POSTRIDER_SUBSCRIPTION_ADDRESS: subscription.grpcAddress };
    const startDispatcher = async (): Promise<ServiceProcess> => start("dispatcher", atSubscription);
    const ingest = await start("ingest", { ...atSubscription, POSTRIDER_GRPC_ADDRESS: ingestAddress });
    const dispatchers = await Promise.all(Array.from({ length: options.dispatchers }, startDispatcher));
    return {
      ...{ subscription, ingest, dispatchers, startDispatcher },
      startLedger: async () => start("ledger", atSubscription),
      startAgain: async ({ name, grpcAddress, adminAddress }) =>
        start(name, {
          ...atSubscription,
          ...atIngest,
          POSTRIDER_ADMIN_ADDRESS: adminAddress,
          ...(grpcAddress === "" ? {} : { POSTRIDER_GRPC_ADDRESS: grpcAddress }),
        }),
      stop: async () => stopAll(running).finally(release),
    };
  } catch (error) {
    await Promise.all([...running].map(async (each) => each.stop("SIGKILL")));
    release();
    throw error;
  }
}

/** One for all platforms of this process: a database may be used by several of them, one after the other. */
const masterKey = createMasterKey(randomBytes);

function shared(options: ServicesOptions): Record<string, string> {
  return {
    POSTRIDER_KAFKA_BROKERS: options.kafkaBrokers,
    POSTRIDER_KAFKA_TOPIC_PREFIX: options.topicPrefix,
    POSTRIDER_KAFKA_PARTITIONS: String(options.partitions),
    POSTRIDER_KAFKA_REPLICATION: String(options.replication),
    POSTRIDER_DATABASE_URL: options.databaseUrl,
    POSTRIDER_MASTER_KEYS: masterKey,
    ...options.environment,
  };
}

/** Callers before those that they call, so that nothing waits for what is gone. */
async function stopAll(running: ReadonlySet<ServiceProcess>): Promise<void> {
  const order: readonly ServiceName[] = ["ledger", "dispatcher", "ingest", "subscription", "standalone"];
  for (const name of order) {
    const of = [...running].filter((each) => each.name === name && each.exit() === undefined);
    await Promise.all(of.map(async (each) => each.stop("SIGTERM")));
  }
}
