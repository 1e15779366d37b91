// A producer and an administrator of the platform whose services are processes of their own.
import { type ChannelCredentials, credentials } from "@grpc/grpc-js";
import { EventTypeServiceClient } from "@postrider/contracts/postrider/v1/event_type";
import { type Event, IngestServiceClient } from "@postrider/contracts/postrider/v1/ingest";
import { type Subscription, SubscriptionServiceClient } from "@postrider/contracts/postrider/v1/subscription";
import { call } from "@postrider/kit-rpc";

export interface PlatformClient {
  /** One that takes any data. */
  readonly createEventType: (name: string) => Promise<void>;
  readonly createSubscription: (wanted: WantedSubscription) => Promise<Subscription>;
  readonly changeUrl: (id: string, url: string) => Promise<void>;
  readonly deleteSubscription: (id: string) => Promise<void>;
  /** Resolves when the event was accepted. @throws grpc-js's ServiceError: it was not, as far as anyone can tell */
  readonly publish: (event: PublishedEvent, deadlineMs?: number) => Promise<void>;
  readonly close: () => void;
}

interface PublishedEvent {
  readonly id: string;
  readonly tenantId: string;
  /** order_paid by default. */
  readonly type?: string;
  readonly orderingKey?: string;
  readonly data?: unknown;
}

interface WantedSubscription {
  readonly url: string;
  readonly tenantId: string;
  /** All by default. */
  readonly eventTypes?: readonly string[];
  /** Between attempts; the platform's schedule by default. */
  readonly retryDelaysMs?: readonly number[];
  /** Of one attempt. */
  readonly timeoutMs?: number;
  readonly ratePerSecond?: number;
}

const CALL_MS = 10_000;
const CHANNEL = {
  // What was killed is back within seconds: what waits for it should notice.
  "grpc.initial_reconnect_backoff_ms": 100,
  "grpc.max_reconnect_backoff_ms": 500,
  // A connection of its own, as a process of its own has it. Else all clients of one address share one, and what is over
  // its 10,000 calls waits on this side, where only its own deadline can end it.
  "grpc.use_local_subchannel_pool": 1,
};

/** Connects when it is first used; in plaintext, if nothing else is said. */
export function connectPlatform(
  addresses: { readonly ingest: string; readonly subscription: string },
  channel: ChannelCredentials = credentials.createInsecure(),
): PlatformClient {
  const ingest = new IngestServiceClient(addresses.ingest, channel, CHANNEL);
  const eventTypes = new EventTypeServiceClient(addresses.subscription, channel, CHANNEL);
  const subscriptions = new SubscriptionServiceClient(addresses.subscription, channel, CHANNEL);
  return {
    createEventType: async (name) => {
      const texts = { name, schema: "", description: "", examples: [], acknowledgement: "" };
      const eventType = { ...texts, deprecated: false, version: 0, createTime: undefined, updateTime: undefined };
      await call(eventTypes.createEventType.bind(eventTypes), { eventType }, within(CALL_MS));
    },
    createSubscription: async (wanted) => {
      const request = { subscription: encodeWanted(wanted) };
      const { subscription } = await call(
        subscriptions.createSubscription.bind(subscriptions),
        request,
        within(CALL_MS),
      );
      if (!subscription) throw new Error("an answer without a subscription");
      return subscription;
    },
    changeUrl: async (id, url) => {
      const subscription = { ...encodeWanted({ url, tenantId: "" }), id };
      const request = { subscription, updateMask: ["callback_url"] };
      await call(subscriptions.updateSubscription.bind(subscriptions), request, within(CALL_MS));
    },
    deleteSubscription: async (id) => {
      await call(subscriptions.deleteSubscription.bind(subscriptions), { id }, within(CALL_MS));
    },
    publish: async (event, deadlineMs = CALL_MS) => {
      await call(ingest.publish.bind(ingest), { event: encodeEvent(event) }, within(deadlineMs));
    },
    close: () => {
      for (const client of [ingest, eventTypes, subscriptions]) client.close();
    },
  };
}

function within(ms: number): { deadline: Date } {
  return { deadline: new Date(Date.now() + ms) };
}

function encodeEvent({ id, tenantId, type = "order_paid", orderingKey = "", data }: PublishedEvent): Event {
  return {
    ...{ id, tenantId, type, orderingKey, time: undefined, source: "", contentType: "" },
    data: { $case: "jsonData", value: JSON.stringify(data ?? { id }) },
  };
}

function encodeWanted({
  url,
  tenantId,
  eventTypes = ["*"],
  retryDelaysMs,
  timeoutMs,
  ratePerSecond = 0,
}: WantedSubscription): Subscription {
  const retryPolicy = retryDelaysMs && { delays: retryDelaysMs.map(encodeDuration), maxAge: undefined };
  const limits = {
    ...{ maxInFlight: 0, ratePerSecond },
    timeout: timeoutMs === undefined ? undefined : encodeDuration(timeoutMs),
  };
  return {
    ...{ id: "", tenantId, callbackUrl: url, eventTypes: [...eventTypes], description: "", state: 0, method: 0 },
    ...{
      disabledReason: "",
      pendingReason: "",
      consent: undefined,
      payloadFormat: 0,
      headers: {},
      signature: 0,
      acknowledgement: undefined,
      secret: "",
    },
    ...{ retryPolicy, limits, createTime: undefined, updateTime: undefined, failureStreak: undefined, publicKeys: [] },
  };
}

function encodeDuration(ms: number): { seconds: bigint; nanos: number } {
  return { seconds: BigInt(Math.floor(ms / 1000)), nanos: (ms % 1000) * 1e6 };
}
