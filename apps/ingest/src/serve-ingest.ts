import { ACCESS_WORDS } from "@postrider/domain-access";
import { connectAccessTokens, createTokenCache, openAccess, openCalling } from "@postrider/kit-access";
import { openKafkaEventLog } from "@postrider/kit-event-log";
import { describeKafkaNotice, openPreparedKafka } from "@postrider/kit-kafka";
import type { Clock, Random } from "@postrider/kit-lifecycle";
import { closedAtEnd, type Serving, startServing } from "@postrider/kit-serving";
import { createRegistry, type Logger } from "@postrider/kit-telemetry";
import { planTopics, TOPICS } from "@postrider/records";
import type { IngestConfig } from "./config.ts";
import { createIngest } from "./create-ingest.ts";
import { connectCatalog } from "./grpc/catalog-client.ts";

/** A batch of 1,000 events of 4 KiB, or one event of 256 KiB with room to spare. */
const MAX_MESSAGE_BYTES = 4 * 1024 * 1024;

export interface ServeIngestDeps {
  readonly config: IngestConfig;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly random: Random;
}

/** Ingest as a process of its own, on Kafka, with the catalog over gRPC. @throws Error in one line when it can't start */
export async function serveIngest({ config, logger, clock, random }: ServeIngestDeps): Promise<Serving> {
  const registry = createRegistry();
  const door = { config, clock, registry, logger };
  const calling = await openCalling({ ...door, addresses: [config.subscriptionAddress] });
  const subscription = { address: config.subscriptionAddress, credentials: calling.credentials };
  const accessTokens = connectAccessTokens(subscription);
  const stored = createTokenCache({ store: accessTokens, graceMs: config.tokenGraceMs, clock, random, logger });
  const access = await openAccess({ ...door, grpcAddress: config.grpcAddress, words: ACCESS_WORDS, stored });
  const kafka = await openPreparedKafka({
    ...{ settings: config, clientId: "postrider-ingest", clock },
    topics: planTopics(config.retentionMs).filter(({ name }) => name === TOPICS.events),
    onNotice: (notice) => {
      logger.warn(...describeKafkaNotice(notice));
    },
  });
  const log = openKafkaEventLog({ kafka });
  const catalog = connectCatalog(subscription);
  const { publishRate } = config;
  const ingest = createIngest({ writer: log.writer, catalog, clock, random, registry, logger, publishRate });
  return startServing({
    grpc: { address: config.grpcAddress, services: ingest.services, maxMessageBytes: MAX_MESSAGE_BYTES, door: access },
    admin: { address: config.adminAddress, registry },
    services: [
      ...calling.services,
      closedAtEnd("kafka", kafka.close),
      closedAtEnd("catalog", catalog.close),
      closedAtEnd("access tokens", accessTokens.close),
      ...access.services,
      ingest.cache,
    ],
    findUnready: () => [...ingest.findUnready(), ...access.findUnready()],
    ...{ logger, clock, graceMs: config.graceMs },
  });
}
