import { credentials } from "@grpc/grpc-js";
import { EventTypeServiceClient } from "@postrider/contracts/postrider/v1/event_type";
import { type Event, IngestServiceClient, type PublishResponse } from "@postrider/contracts/postrider/v1/ingest";
import {
  type Acknowledgement,
  type Limits,
  type RetryPolicy,
  type SignatureKind,
  type Subscription,
  SubscriptionServiceClient,
} from "@postrider/contracts/postrider/v1/subscription";
import { call } from "@postrider/kit-rpc";

/** A producer and an administrator of the platform, in a test. */
export interface PlatformClient {
  readonly createEventType: (name: string, schema?: string) => Promise<void>;
  readonly createSubscription: (settings: SubscriptionSettings) => Promise<Subscription>;
  readonly getSubscription: (id: string) => Promise<Subscription | undefined>;
  readonly listSubscriptions: () => Promise<readonly Subscription[]>;
  readonly verifySubscription: (id: string) => Promise<Subscription | undefined>;
  readonly rotateSecret: (rotation: Rotation) => Promise<Subscription>;
  readonly pauseSubscription: (id: string) => Promise<void>;
  readonly resumeSubscription: (id: string) => Promise<void>;
  readonly publish: (event: Partial<Event> & { json?: unknown }) => Promise<PublishResponse>;
  readonly close: () => void;
}

interface Rotation {
  readonly id: string;
  readonly overlapMs?: number;
  readonly signature?: SignatureKind;
}

interface SubscriptionSettings {
  readonly url: string;
  readonly tenantId?: string;
  readonly eventTypes?: string[];
  readonly retryDelaysMs?: readonly number[];
  readonly timeoutMs?: number;
  readonly more?: Partial<Subscription>;
}

const deadline = (): { deadline: Date } => ({ deadline: new Date(Date.now() + 10_000) });

export function connectPlatform(address: string): PlatformClient {
  const insecure = credentials.createInsecure();
  // A platform that was killed is back within a second: what waits for it should notice.
  const options = { "grpc.initial_reconnect_backoff_ms": 100, "grpc.max_reconnect_backoff_ms": 300 };
  const ingest = new IngestServiceClient(address, insecure, options);
  const eventTypes = new EventTypeServiceClient(address, insecure);
  const subscriptions = new SubscriptionServiceClient(address, insecure);
  return {
    createEventType: async (name, schema = "") => {
      const eventType = {
        ...{ name, schema, description: "", examples: [], acknowledgement: "", deprecated: false, version: 0 },
        ...{ createTime: undefined, updateTime: undefined },
      };
      await call(eventTypes.createEventType.bind(eventTypes), { eventType }, deadline());
    },
    createSubscription: async (settings) => {
      const request = { subscription: toSubscription(settings) };
      const response = await call(subscriptions.createSubscription.bind(subscriptions), request, deadline());
      if (!response.subscription) throw new Error("an answer without a subscription");
      return response.subscription;
    },
    getSubscription: async (id) => {
      const response = await call(subscriptions.getSubscription.bind(subscriptions), { id }, deadline());
      return response.subscription;
    },
    rotateSecret: async ({ id, overlapMs, signature = 0 }) => {
      const overlap = overlapMs === undefined ? undefined : toDuration(overlapMs);
      const request = { id, overlap, signature, secret: "" };
      const response = await call(subscriptions.rotateSecret.bind(subscriptions), request, deadline());
      if (!response.subscription) throw new Error("an answer without a subscription");
      return response.subscription;
    },
    listSubscriptions: async () => {
      const request = { tenantId: "", pageSize: 0, pageToken: "" };
      return (await call(subscriptions.listSubscriptions.bind(subscriptions), request, deadline())).subscriptions;
    },
    verifySubscription: async (id) => {
      const response = await call(subscriptions.verifySubscription.bind(subscriptions), { id }, deadline());
      return response.subscription;
    },
    pauseSubscription: async (id) => {
      await call(subscriptions.pauseSubscription.bind(subscriptions), { id }, deadline());
    },
    resumeSubscription: async (id) => {
      await call(subscriptions.resumeSubscription.bind(subscriptions), { id }, deadline());
    },
    publish: async ({ json, ...given }) => {
      const data = json === undefined ? undefined : ({ $case: "jsonData", value: JSON.stringify(json) } as const);
      const event: Event = {
        ...{ id: "", tenantId: "acme", type: "order_paid", time: undefined, source: "", data },
        ...{ contentType: "", orderingKey: "", ...given },
      };
      return call(ingest.publish.bind(ingest), { event }, deadline());
    },
    close: () => {
      for (const client of [ingest, eventTypes, subscriptions]) client.close();
    },
  };
}

function toSubscription(settings: SubscriptionSettings): Subscription {
  const { url, tenantId = "acme", eventTypes = ["*"], retryDelaysMs, timeoutMs, more } = settings;
  const retryPolicy: RetryPolicy | undefined = retryDelaysMs && {
    delays: retryDelaysMs.map(toDuration),
    maxAge: undefined,
  };
  const limits: Limits | undefined =
    timeoutMs === undefined ? undefined : { maxInFlight: 0, ratePerSecond: 0, timeout: toDuration(timeoutMs) };
  const acknowledgement: Acknowledgement | undefined = undefined;
  return {
    ...{
      id: "",
      tenantId,
      callbackUrl: url,
      eventTypes,
      description: "",
      state: 0,
      disabledReason: "",
      pendingReason: "",
      consent: undefined,
      method: 0,
    },
    ...{ payloadFormat: 0, headers: {}, signature: 0, acknowledgement, retryPolicy, limits, secret: "" },
    ...{ createTime: undefined, updateTime: undefined, failureStreak: undefined, publicKeys: [], ...more },
  };
}

function toDuration(ms: number): { seconds: bigint; nanos: number } {
  return { seconds: BigInt(Math.floor(ms / 1000)), nanos: (ms % 1000) * 1e6 };
}
