import { ACCESS_WORDS } from "@postrider/domain-access";
import { type Calling, createTokenCache, openAccess, openCalling } from "@postrider/kit-access";
import { type EgressPolicy, openEgress, openEgressPolicy } from "@postrider/kit-egress";
import { createPostgresKysely, openPostgresEventStore, postgresEventStoreSchema } from "@postrider/kit-event-store";
import type { Clock, Random, Service } from "@postrider/kit-lifecycle";
import { openPostgres } from "@postrider/kit-postgres";
import { createSealer, loadMasterKeys, type Sealer } from "@postrider/kit-secrets";
import { closedAtEnd, type Serving, startServing } from "@postrider/kit-serving";
import { createRegistry, type Logger } from "@postrider/kit-telemetry";
import type { Registry } from "prom-client";
import type { SubscriptionConfig } from "./config.ts";
import { createSubscription } from "./create-subscription.ts";
import { connectIngest } from "./grpc/ingest-client.ts";
import { createOutbox, type OutboxDeps } from "./operational-events/create-outbox.ts";
import { createUrlVerifier, type UrlVerifier } from "./ownership/url-verifier.ts";
import { findVerificationMethod } from "./ownership/verification-settings.ts";
import { createSecretEraser } from "./secrets/create-secret-eraser.ts";
import { prepareSecrets } from "./secrets/prepare-secrets.ts";
import { postgresSubscriptionSchema, type SubscriptionSchema } from "./store/subscription-schema.ts";

/** Room for the largest schema and its examples. */
const MAX_MESSAGE_BYTES = 4 * 1024 * 1024;

export interface ServeSubscriptionDeps {
  readonly config: SubscriptionConfig;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly random: Random;
  /** Cryptographically strong. */
  readonly randomBytes: (count: number) => Uint8Array;
}

/** The subscription service as a process of its own, on PostgreSQL. @throws Error in one line when it can't start */
export async function serveSubscription(deps: ServeSubscriptionDeps): Promise<Serving> {
  const { config, logger, clock, random, randomBytes } = deps;
  const registry = createRegistry();
  const door = { config, clock, registry, logger };
  const { ingestAddress } = config;
  const calling = await openCalling({ ...door, addresses: ingestAddress === undefined ? [] : [ingestAddress] });
  const sealer = await openSealer(deps);
  const postgres = await openPostgres({
    url: config.databaseUrl,
    schema: [...postgresEventStoreSchema, ...postgresSubscriptionSchema],
    applicationName: "postrider-subscription",
    onNotice: (message) => {
      logger.warn(message);
    },
    clock,
  });
  const policy = openEgressPolicy(config);
  const storage = {
    store: openPostgresEventStore({ postgres, clock }),
    database: createPostgresKysely<SubscriptionSchema>(postgres),
  };
  await prepareSecrets({ ...storage, sealer, logger });
  const { urlVerifier, closing } = openUrlVerifier(deps, { policy, registry });
  const { services, accessTokens } = createSubscription({
    ...storage,
    sealer,
    urlVerifier,
    checkUrl: (url) => policy.checkUrl(url)?.message,
    thresholds: config,
    clock,
    randomBytes,
  });
  const stored = createTokenCache({ store: accessTokens, graceMs: config.tokenGraceMs, clock, random, logger });
  const access = await openAccess({ ...door, grpcAddress: config.grpcAddress, words: ACCESS_WORDS, stored }).catch(
    async (error: unknown) => {
      await postgres.close();
      throw error;
    },
  );
  return startServing({
    grpc: { address: config.grpcAddress, services, maxMessageBytes: MAX_MESSAGE_BYTES, door: access },
    admin: { address: config.adminAddress, registry },
    services: [
      ...calling.services,
      closedAtEnd("database", postgres.close),
      ...closing,
      ...access.services,
      createSecretEraser({ ...storage, clock, logger }),
      ...tellTenants(deps, { ...storage, registry }, calling),
    ],
    ...{ findUnready: access.findUnready, logger, clock, graceMs: config.graceMs },
  });
}

async function openSealer({ config, randomBytes }: ServeSubscriptionDeps): Promise<Sealer> {
  const masterKeys = await loadMasterKeys(config);
  // Config made sure of that already.
  if (!masterKeys) throw new Error("no master keys are set");
  return createSealer({ masterKeys, randomBytes });
}

interface OpenedUrlVerifier {
  readonly urlVerifier: UrlVerifier | undefined;
  readonly closing: readonly Service[];
}

/** What asks callback URLs, and the door that it goes through; neither if the platform asks nobody. */
function openUrlVerifier(
  { config, clock, randomBytes }: ServeSubscriptionDeps,
  { policy, registry }: { readonly policy: EgressPolicy; readonly registry: Registry },
): OpenedUrlVerifier {
  const method = findVerificationMethod(config);
  if (!method) return { urlVerifier: undefined, closing: [] };
  const egress = openEgress({ policy, config, clock });
  const userAgent = `Postrider/${config.version}`;
  return {
    urlVerifier: createUrlVerifier({ method, egress, clock, randomBytes, userAgent, registry }),
    closing: [closedAtEnd("egress", async () => egress.close(0))],
  };
}

/** What publishes the events that tell tenants of their subscriptions. */
function tellTenants(
  { config, logger, clock }: ServeSubscriptionDeps,
  telling: Pick<OutboxDeps, "store" | "database" | "registry">,
  { credentials }: Calling,
): readonly Service[] {
  if (config.ingestAddress === undefined) {
    logger.info("POSTRIDER_INGEST_ADDRESS is not set: tenants get no postrider.subscription.* events");
    return [];
  }
  const ingest = connectIngest({ address: config.ingestAddress, credentials });
  return [closedAtEnd("ingest", ingest.close), createOutbox({ ...telling, ingest, clock, logger })];
}
