import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { credentials, type ServiceError, status } from "@grpc/grpc-js";
import { type EventType, EventTypeServiceClient } from "@postrider/contracts/postrider/v1/event_type";
import { type Subscription, SubscriptionServiceClient } from "@postrider/contracts/postrider/v1/subscription";
import { createEgressPolicy } from "@postrider/kit-egress";
import { createKysely, type EventStore, eventStoreSchema, openSqliteEventStore } from "@postrider/kit-event-store";
import { systemClock } from "@postrider/kit-lifecycle";
import { call, type ErrorDetails, readErrorDetails, startRpcServer } from "@postrider/kit-rpc";
import { openSqlite } from "@postrider/kit-sqlite";
import { onTestFinished } from "vitest";
import { createSubscription } from "../create-subscription.ts";
import type { SubscriptionLookups } from "../create-lookups.ts";
import { type SubscriptionSchema, subscriptionSchema } from "../store/subscription-schema.ts";

/** What the tests talk to: the real service on a real file, over a real connection. */
export interface RunningSubscription {
  readonly subscriptions: Calls<SubscriptionServiceClient>;
  readonly eventTypes: Calls<EventTypeServiceClient>;
  /** For the streaming call. */
  readonly client: SubscriptionServiceClient;
  readonly lookups: SubscriptionLookups;
  readonly store: EventStore;
  readonly closeStore: () => Promise<void>;
}

type Method = (request: never, ...rest: never[]) => unknown;
type Request<Each> = Each extends (request: infer R, ...rest: never[]) => unknown ? R : never;

/** The unary calls of a client by name, as promises. */
interface Calls<Client> {
  <Response>(name: MethodName<Client>, request: object): Promise<Response>;
}
type MethodName<Client> = { [Name in keyof Client]: Client[Name] extends Method ? Name : never }[keyof Client] & string;
