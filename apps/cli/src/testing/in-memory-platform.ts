import type { ServiceDefinition } from "@grpc/grpc-js";
import { type AccessToken, AccessTokenServiceService } from "@postrider/contracts/postrider/v1/access";
import { type EventType, EventTypeServiceService } from "@postrider/contracts/postrider/v1/event_type";
import { type Event, IngestServiceService } from "@postrider/contracts/postrider/v1/ingest";
import {
  Consent_Method,
  type RotateSecretRequest,
  SignatureKind,
  type Subscription,
  Subscription_State,
  SubscriptionServiceService,
} from "@postrider/contracts/postrider/v1/subscription";
import { RpcError, type RpcServerOptions, type RpcService, startRpcServer, unary } from "@postrider/kit-rpc";

/** The secret of every subscription here. */
export const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
/** The secret after a rotation. */
export const ROTATED_SECRET = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

/** Of every subscription here that signs with ed25519. */
export const PUBLIC_KEY = "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=";

/** Every access token that is made here. */
export const ACCESS_TOKEN = `pr_${"x".repeat(49)}`;

/** So that lists have several pages. */
const PAGE_SIZE = 2;
const NOW = new Date("2030-01-31T12:00:00Z");

/** The platform's public API in memory: as much of it as the command line's tests need, over a real gRPC server. */
export interface InMemoryPlatform {
  readonly address: string;
  readonly events: readonly Event[];
  readonly eventTypes: ReadonlyMap<string, EventType>;
  readonly subscriptions: ReadonlyMap<string, Subscription>;
  readonly rotations: readonly RotateSecretRequest[];
  readonly accessTokens: ReadonlyMap<string, AccessToken>;
  /** Resolves with the next subscription that is created. */
  readonly nextSubscription: () => Promise<Subscription>;
  readonly stop: () => Promise<void>;
}

/** @param door who is let in; everybody if absent */
export async function startInMemoryPlatform(
  door: Pick<RpcServerOptions, "doorkeeper" | "credentials"> = {},
): Promise<InMemoryPlatform> {
  const events: Event[] = [];
  const eventTypes = new Map<string, EventType>();
  const subscriptions = new Map<string, Subscription>();
  const rotations: RotateSecretRequest[] = [];
  const accessTokens = new Map<string, AccessToken>();
  const waiting: ((subscription: Subscription) => void)[] = [];
  const onCreated = (subscription: Subscription): void => {
    for (const resolve of waiting.splice(0)) resolve(subscription);
  };
  const server = await startRpcServer({
    address: "127.0.0.1:0",
    maxMessageBytes: 4 * 1024 * 1024,
    ...door,
    services: [
      createIngest(events),
      createCatalog(eventTypes),
      createAccessTokens(accessTokens),
      createSubscriptions({ subscriptions, rotations, onCreated }),
    ],
  });
  return {
    address: server.address,
    events,
    eventTypes,
    subscriptions,
    rotations,
    accessTokens,
    nextSubscription: async () => await new Promise((resolve) => waiting.push(resolve)),
    stop: async () => {
      await server.close(1000);
    },
  };
}

function createIngest(events: Event[]): RpcService {
  const publish = unary(async ({ event }: { event: Event | undefined }) => {
    if (!event) throw RpcError.invalid([{ field: "event", description: "is missing" }]);
    if (event.type === "full") throw new RpcError("resource_exhausted", "the buffer is full", { retryDelayMs: 1000 });
    if (event.type === "broken_log") throw new RpcError("unavailable", "the log can't make it durable");
    events.push(event);
    return { eventId: event.id || `evt_${events.length}`, acceptedAt: NOW };
  });
  return {
    name: "postrider.v1.IngestService",
    definition: IngestServiceService,
    implementation: { publish },
    access: accessOf(IngestServiceService),
  };
}

function createCatalog(eventTypes: Map<string, EventType>): RpcService {
  function store(eventType: EventType | undefined, version: number): { eventType: EventType } {
    if (!eventType) throw RpcError.invalid([{ field: "event_type", description: "is missing" }]);
    if (eventType.schema.includes("refuse me")) {
      throw RpcError.invalid([{ field: "event_type.schema", description: "is not a JSON Schema" }]);
    }
    // Written anew, as a server may: other white space, keys in another order.
    const schema = eventType.schema === "" ? "" : JSON.stringify(reversed(JSON.parse(eventType.schema)), undefined, 2);
    const stored = { ...eventType, schema, version, createTime: NOW, updateTime: NOW };
    eventTypes.set(stored.name, stored);
    return { eventType: stored };
  }

  const implementation = {
    createEventType: unary(async ({ eventType }: { eventType: EventType | undefined }) => store(eventType, 1)),
    updateEventType: unary(async ({ eventType }: { eventType: EventType | undefined }) =>
      store(eventType, find(eventTypes, eventType?.name ?? "").version + 1),
    ),
    getEventType: unary(async ({ name }: { name: string }) => ({ eventType: find(eventTypes, name) })),
    listEventTypes: unary(async ({ pageToken }: { pageToken: string }) => {
      const { items, nextPageToken } = pageOf([...eventTypes.values()], pageToken);
      return { eventTypes: items, nextPageToken };
    }),
  };
  return {
    name: "postrider.v1.EventTypeService",
    definition: EventTypeServiceService,
    implementation,
    access: accessOf(EventTypeServiceService),
  };
}

function createAccessTokens(accessTokens: Map<string, AccessToken>): RpcService {
  const implementation = {
    createAccessToken: unary(async ({ accessToken }: { accessToken: AccessToken | undefined }) => {
      if (!accessToken) throw RpcError.invalid([{ field: "access_token", description: "is missing" }]);
      const id = `tok_${accessTokens.size + 1}`;
      const created = { ...accessToken, id, creator: "ops", createTime: NOW };
      accessTokens.set(id, created);
      return { accessToken: created, token: ACCESS_TOKEN };
    }),
    listAccessTokens: unary(async ({ pageToken }: { pageToken: string }) => {
      const { items, nextPageToken } = pageOf([...accessTokens.values()], pageToken);
      return { accessTokens: items, nextPageToken };
    }),
    revokeAccessToken: unary(async ({ id }: { id: string }) => {
      const accessToken = { ...find(accessTokens, id), revokeTime: NOW };
      accessTokens.set(id, accessToken);
      return { accessToken };
    }),
  };
  return {
    name: "postrider.v1.AccessTokenService",
    definition: AccessTokenServiceService,
    implementation,
    access: accessOf(AccessTokenServiceService),
  };
}

/** Any caller that the doorkeeper knows. */
function accessOf(definition: ServiceDefinition): RpcService["access"] {
  return Object.fromEntries(Object.keys(definition).map((name) => [name, "callers"]));
}

function createSubscriptions({
  subscriptions,
  rotations,
  onCreated,
}: {
  subscriptions: Map<string, Subscription>;
  rotations: RotateSecretRequest[];
  onCreated: (subscription: Subscription) => void;
}): RpcService {
  function setState(id: string, state: Subscription_State): { subscription: Subscription } {
    const subscription = { ...find(subscriptions, id), state };
    subscriptions.set(id, subscription);
    return { subscription };
  }

  const implementation = {
    createSubscription: unary(async ({ subscription }: { subscription: Subscription | undefined }) => {
      if (!subscription?.callbackUrl.startsWith("http")) {
        throw RpcError.invalid([
          {
            field: "subscription.callback_url",
            description: `"${subscription?.callbackUrl ?? ""}" is not an http URL`,
          },
          { field: "subscription.tenant_id", description: "is wrong too" },
        ]);
      }
      const id = `sub_${subscriptions.size + 1}`;
      // Nobody agrees there.
      const isPending = subscription.callbackUrl.includes("/nobody");
      const state = isPending ? Subscription_State.STATE_PENDING : Subscription_State.STATE_ACTIVE;
      const pendingReason = isPending ? "the callback URL answered with status 404" : "";
      const isAsymmetric = subscription.signature === SignatureKind.SIGNATURE_KIND_ED25519;
      const publicKeys = isAsymmetric ? [{ key: PUBLIC_KEY, expireTime: undefined }] : [];
      const times = { createTime: NOW, updateTime: NOW };
      const created = { ...subscription, id, state, pendingReason, publicKeys, ...times };
      subscriptions.set(id, created);
      onCreated(created);
      return { subscription: { ...created, secret: isAsymmetric ? "" : SECRET } };
    }),
    getSubscription: unary(async ({ id }: { id: string }) => ({ subscription: find(subscriptions, id) })),
    listSubscriptions: unary(async ({ tenantId, pageToken }: { tenantId: string; pageToken: string }) => {
      const matching = [...subscriptions.values()].filter((one) => tenantId === "" || one.tenantId === tenantId);
      const { items, nextPageToken } = pageOf(matching, pageToken);
      return { subscriptions: items, nextPageToken };
    }),
    pauseSubscription: unary(async ({ id }: { id: string }) => setState(id, Subscription_State.STATE_PAUSED)),
    resumeSubscription: unary(async ({ id }: { id: string }) => setState(id, Subscription_State.STATE_ACTIVE)),
    verifySubscription: unary(async ({ id }: { id: string }) => {
      const consent = { method: Consent_Method.METHOD_CHALLENGE, time: NOW, origin: "", allowedRatePerSecond: 2 };
      const subscription = find(subscriptions, id);
      return { subscription: subscription.pendingReason ? subscription : { ...subscription, consent } };
    }),
    disableSubscription: unary(async ({ id }: { id: string }) => setState(id, Subscription_State.STATE_DISABLED)),
    deleteSubscription: unary(async ({ id }: { id: string }) => {
      find(subscriptions, id);
      subscriptions.delete(id);
      return {};
    }),
    rotateSecret: unary(async (request: RotateSecretRequest) => {
      rotations.push(request);
      return { subscription: { ...find(subscriptions, request.id), secret: ROTATED_SECRET } };
    }),
  };
  return {
    name: "postrider.v1.SubscriptionService",
    definition: SubscriptionServiceService,
    implementation,
    access: accessOf(SubscriptionServiceService),
  };
}

function find<Item>(items: ReadonlyMap<string, Item>, key: string): Item {
  const item = items.get(key);
  if (!item) throw new RpcError("not_found", `${key} does not exist`);
  return item;
}

function pageOf<Item>(items: readonly Item[], pageToken: string): { items: Item[]; nextPageToken: string } {
  const start = Number(pageToken || "0");
  const end = start + PAGE_SIZE;
  return { items: items.slice(start, end), nextPageToken: end < items.length ? String(end) : "" };
}

function reversed(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).reverse());
}
