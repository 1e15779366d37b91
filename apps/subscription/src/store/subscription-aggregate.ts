import {
  ABSENT,
  evolve,
  isLive,
  type LiveSubscription,
  type Subscription,
  type SubscriptionEvent,
} from "@postrider/domain-subscription";
import type { StoredEvent } from "@postrider/kit-event-store";
import type { Aggregate } from "./decide-on-stream.ts";
import { decodeStored, encodeStored } from "./stored-format.ts";

const PREFIX = "subscription/";

/** A table, so that the compiler misses a kind that is missing here. */
const KINDS: Readonly<Record<SubscriptionEvent["kind"], true>> = {
  subscription_created: true,
  subscription_updated: true,
  subscription_paused: true,
  subscription_resumed: true,
  subscription_disabled: true,
  subscription_deleted: true,
  endpoint_suspected: true,
  endpoint_failing: true,
  endpoint_cleared: true,
  endpoint_recovered: true,
  secret_rotated: true,
};
const kinds: ReadonlySet<string> = new Set(Object.keys(KINDS));

/** Subscriptions in the store. */
export const subscriptionAggregate: Aggregate<Subscription, SubscriptionEvent> = {
  absent: ABSENT,
  evolve,
  encode: encodeStored,
  // Only encode above writes these streams: what has the kind has the shape.
  decode: (stored) => decodeStored(stored, kinds) as SubscriptionEvent,
  project: (database, state) => {
    if (!isLive(state)) {
      const id = state.kind === "deleted" ? state.id : "";
      return database.deleteFrom("subscriptions").where("id", "=", id);
    }
    const row = { tenant_id: state.tenantId, state: state.kind, document: JSON.stringify(state) };
    return database
      .insertInto("subscriptions")
      .values({ id: state.id, ...row })
      .onConflict((conflict) => conflict.column("id").doUpdateSet(row));
  },
};

/** The stream of a subscription. */
export function subscriptionStream(id: string): string {
  return PREFIX + id;
}

/** Whether the event is of a subscription's stream. */
export function isOfSubscription({ stream }: StoredEvent): boolean {
  return stream.startsWith(PREFIX);
}

/** Reads `document` of the projection, which {@link subscriptionAggregate} wrote. */
export function decodeSubscriptionDocument(document: string): LiveSubscription {
  return JSON.parse(document) as LiveSubscription;
}
