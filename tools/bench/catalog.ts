// The event type and the subscriptions that the benchmark needs, made through the API like anyone's.
import { credentials } from "@grpc/grpc-js";
import { EventTypeServiceClient } from "@postrider/contracts/postrider/v1/event_type";
import {
  PayloadFormat,
  SignatureKind,
  Subscription_Method,
  Subscription_State,
  SubscriptionServiceClient,
} from "@postrider/contracts/postrider/v1/subscription";
import { call } from "@postrider/kit-rpc";
import { createPayload, eventType, nameTenant, schema } from "./payload.ts";

const callTimeoutMs = 20_000;
/** Enough for group commit, few enough not to queue past the deadline. */
const maxCallsInFlight = 32;

/** @throws when the platform refuses it */
export async function createEventType(address: string): Promise<void> {
  const eventTypes = new EventTypeServiceClient(address, credentials.createInsecure());
  try {
    await call(eventTypes.createEventType.bind(eventTypes), { eventType: describeEventType() }, deadline());
  } finally {
    eventTypes.close();
  }
}

export interface Subscriptions {
  readonly address: string;
  readonly callbackUrl: string;
  /** The numbers of the tenants that get one each: from, and up to but without. */
  readonly tenants: readonly [from: number, to: number];
  readonly onProgress?: (created: number) => void;
}

/** One subscription each for some tenants, each with a URL of its own. @throws when one is refused */
export async function createSubscriptions({ address, callbackUrl, tenants, onProgress }: Subscriptions): Promise<void> {
  const client = new SubscriptionServiceClient(address, credentials.createInsecure());
  const [from, to] = tenants;
  let next = from;
  let created = 0;
  async function createUntilAllAre(): Promise<void> {
    while (next < to) {
      const subscription = describeSubscription(next++, callbackUrl);
      await call(client.createSubscription.bind(client), { subscription }, deadline());
      onProgress?.(++created);
    }
  }
  try {
    await Promise.all(Array.from({ length: maxCallsInFlight }, createUntilAllAre));
  } finally {
    client.close();
  }
}

function deadline(): { readonly deadline: Date } {
  return { deadline: new Date(Date.now() + callTimeoutMs) };
}

type EventType = NonNullable<Parameters<EventTypeServiceClient["createEventType"]>[0]["eventType"]>;
type Subscription = NonNullable<Parameters<SubscriptionServiceClient["createSubscription"]>[0]["subscription"]>;

function describeEventType(): EventType {
  return {
    name: eventType,
    description: "An order was paid.",
    schema,
    examples: [{ name: "typical", data: createPayload() }],
    acknowledgement: "200",
    deprecated: false,
    version: 0,
    createTime: undefined,
    updateTime: undefined,
  };
}

function describeSubscription(tenant: number, callbackUrl: string): Subscription {
  return {
    id: "",
    tenantId: nameTenant(tenant),
    callbackUrl: `${callbackUrl}/${tenant}`,
    eventTypes: [eventType],
    description: "The benchmark's receiver",
    state: Subscription_State.STATE_UNSPECIFIED,
    disabledReason: "",
    pendingReason: "",
    consent: undefined,
    method: Subscription_Method.METHOD_POST,
    payloadFormat: PayloadFormat.PAYLOAD_FORMAT_STANDARD,
    headers: {},
    signature: SignatureKind.SIGNATURE_KIND_HMAC_SHA256,
    acknowledgement: undefined,
    retryPolicy: undefined,
    limits: undefined,
    secret: "",
    createTime: undefined,
    updateTime: undefined,
    failureStreak: undefined,
    publicKeys: [],
  };
}
