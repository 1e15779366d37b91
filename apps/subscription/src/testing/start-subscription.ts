import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { credentials, type Metadata, type CallOptions, type ClientUnaryCall, type ServiceError } from "@grpc/grpc-js";
import { EventTypeServiceClient } from "@postrider/contracts/postrider/v1/event_type";
import { SubscriptionServiceClient } from "@postrider/contracts/postrider/v1/subscription";
import { createEgress, createEgressPolicy, type EgressPolicy } from "@postrider/kit-egress";
import { createKysely, type EventStore, eventStoreSchema, openSqliteEventStore } from "@postrider/kit-event-store";
import { systemClock } from "@postrider/kit-lifecycle";
import { call, type ErrorDetails, readErrorDetails, startRpcServer } from "@postrider/kit-rpc";
import type { Sealer } from "@postrider/kit-secrets";
import { openSqlite } from "@postrider/kit-sqlite";
import { createLogger } from "@postrider/kit-telemetry";
import type { Kysely } from "kysely";
import { Registry } from "prom-client";
import { onTestFinished } from "vitest";
import type { SubscriptionLookups } from "../create-lookups.ts";
import { createSubscription } from "../create-subscription.ts";
import { prepareSecrets } from "../secrets/prepare-secrets.ts";
import { createUrlVerifier, type UrlVerifier, type VerificationMethod } from "../ownership/url-verifier.ts";
import { type SubscriptionSchema, subscriptionSchema } from "../store/subscription-schema.ts";
import { createTestSealer } from "./create-test-sealer.ts";

/** The last overload of a client's unary method, which has all parameters. */
type UnaryMethod<Request, Response> = (
  ...args: [
    request: Request,
    metadata: Metadata,
    options: Partial<CallOptions>,
    callback: (error: ServiceError | null, response: Response) => void,
  ]
) => ClientUnaryCall;
type RequestOf<Method> = Method extends (request: infer Request, ...rest: never[]) => unknown ? Request : never;
type ResponseOf<Method> = Method extends (
  ...args: [never, never, never, callback: (error: never, response: infer Response) => void]
) => unknown
  ? Response
  : never;

/** So that a test of endpoints that fail takes few reports. */
export const THRESHOLDS = { failingAfterMs: 1000, leastAttempts: 3, disabledAfterMs: 5000 };

/** Where the service under test keeps what it knows. */
export interface OpenedStorage {
  readonly store: EventStore;
  readonly database: Kysely<SubscriptionSchema>;
  readonly close: () => Promise<void>;
}

/** The real service on a real store, over a real connection; all of it ends with the test. */
export interface RunningSubscription {
  readonly subscriptions: SubscriptionServiceClient;
  readonly eventTypes: EventTypeServiceClient;
  readonly lookups: SubscriptionLookups;
  readonly store: EventStore;
  readonly database: Kysely<SubscriptionSchema>;
  readonly closeStore: () => Promise<void>;
}

/**
 * @param wrap for a test that looks at what the service asks of its store
 * @param verification if callback URLs are to be asked; they may then be on this machine
 */
export type StartSubscription = (
  wrap?: (store: EventStore) => EventStore,
  verification?: VerificationMethod,
) => Promise<RunningSubscription>;

/** The service on an SQLite file of its own. */
export const startOnSqlite: StartSubscription = async (wrap, verification) =>
  await startSubscription(await openSqliteStorage(await createFolder()), { wrap, verification });

/** A folder that ends with the test. */
export async function createFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "subscription-"));
  onTestFinished(async () => {
    await rm(folder, { recursive: true });
  });
  return folder;
}

export async function openSqliteStorage(folder: string): Promise<OpenedStorage> {
  const schema = [...eventStoreSchema, ...subscriptionSchema];
  const sqlite = await openSqlite({ path: join(folder, "postrider.db"), schema });
  return {
    store: openSqliteEventStore({ sqlite }),
    database: createKysely<SubscriptionSchema>(sqlite),
    close: () => sqlite.close(),
  };
}

export interface StartOptions {
  readonly wrap?: ((store: EventStore) => EventStore) | undefined;
  readonly sealer?: Sealer;
  readonly verification?: VerificationMethod | undefined;
}

/** The service on an open storage, which it closes. */
export async function startSubscription(
  storage: OpenedStorage,
  { wrap = (store) => store, sealer = createTestSealer("test"), verification }: StartOptions = {},
): Promise<RunningSubscription> {
  const store = wrap(storage.store);
  await prepareSecrets({ ...storage, sealer, logger: createLogger({ service: "test", level: "error" }) });
  const policy = verification
    ? createEgressPolicy({ allowedRanges: ["127.0.0.0/8"], allowHttp: true, ports: "any" })
    : createEgressPolicy({ allowedRanges: [], allowHttp: true, ports: [80, 443] });
  const { services, lookups } = createSubscription({
    store,
    database: storage.database,
    sealer,
    clock: systemClock,
    randomBytes,
    thresholds: THRESHOLDS,
    urlVerifier: verification && openUrlVerifier(verification, policy),
    checkUrl: (url) => policy.checkUrl(url)?.message,
  });
  const server = await startRpcServer({ address: "127.0.0.1:0", services, maxMessageBytes: 1024 * 1024 });
  const subscriptions = new SubscriptionServiceClient(server.address, credentials.createInsecure());
  const eventTypes = new EventTypeServiceClient(server.address, credentials.createInsecure());
  onTestFinished(async () => {
    subscriptions.close();
    eventTypes.close();
    await server.close(5000);
    await storage.close();
  });
  return { subscriptions, eventTypes, lookups, store, database: storage.database, closeStore: storage.close };
}

function openUrlVerifier(method: VerificationMethod, policy: EgressPolicy): UrlVerifier {
  const egress = createEgress({ policy, clock: systemClock });
  onTestFinished(() => egress.close());
  return createUrlVerifier({
    ...{ method, egress, clock: systemClock, randomBytes, userAgent: "Postrider/test", registry: new Registry() },
  });
}

/** Calls a unary method of a client by its name. */
export async function ask<Client extends object, Name extends keyof Client>(
  client: Client,
  name: Name,
  request: RequestOf<Client[Name]>,
): Promise<ResponseOf<Client[Name]>> {
  const method = client[name] as UnaryMethod<RequestOf<Client[Name]>, ResponseOf<Client[Name]>>;
  return await call(method.bind(client), request, { deadline: new Date(Date.now() + 10_000) });
}

/** What a call that fails was told. */
export async function readFailure(failing: Promise<unknown>): Promise<ErrorDetails> {
  try {
    await failing;
  } catch (error) {
    return readErrorDetails(error);
  }
  throw new Error("the call succeeded");
}
