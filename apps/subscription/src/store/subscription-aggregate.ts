import {
  ABSENT,
  evolve,
  isLive,
  type LiveSubscription,
  type NewSigningKey,
  type Subscription,
  type SubscriptionEvent,
} from "@postrider/domain-subscription";
import type { StoredEvent } from "@postrider/kit-event-store";
import type { Compilable, Kysely } from "kysely";
import type { Aggregate } from "./decide-on-stream.ts";
import { retireSecrets } from "./signing-secrets.ts";
import { decodeStored, encodeStored, isCurrentFormat, type StoredFormats, type Upcaster } from "./stored-format.ts";
import type { SubscriptionSchema } from "./subscription-schema.ts";

const PREFIX = "subscription/";

const CURRENT: Readonly<Record<SubscriptionEvent["kind"], number>> = {
  subscription_created: 2,
  subscription_updated: 1,
  subscription_paused: 1,
  subscription_resumed: 1,
  subscription_disabled: 1,
  subscription_deleted: 1,
  endpoint_suspected: 1,
  endpoint_failing: 1,
  endpoint_cleared: 1,
  endpoint_recovered: 1,
  secret_rotated: 2,
  verification_required: 1,
  verification_failed: 1,
  subscription_verified: 1,
};

/** In format 1 the event had the secret itself, in plain, in place of the key: see adopt-plain-secrets.ts. */
const nameKey: Upcaster = (fields, stored) => {
  const others = Object.entries(fields).filter(([name]) => name !== "secret");
  return { ...Object.fromEntries(others), key: plainKeyOf(stored) };
};

const FORMATS: StoredFormats = {
  current: CURRENT,
  upcasters: { "subscription_created@1": nameKey, "secret_rotated@1": nameKey },
};

/** Subscriptions in the store. */
export const subscriptionAggregate: Aggregate<Subscription, SubscriptionEvent> = {
  absent: ABSENT,
  evolve,
  encode: (event) => encodeStored(event, FORMATS),
  // Only encode above writes these streams: what has the kind has the shape.
  decode: (stored) => decodeStored(stored, FORMATS) as SubscriptionEvent,
  project: (database, before, next) => [projectRow(database, next), ...retireSecrets(database, before, next)],
};

function projectRow(database: Kysely<SubscriptionSchema>, state: Subscription): Compilable {
  if (!isLive(state)) {
    const id = state.kind === "deleted" ? state.id : "";
    return database.deleteFrom("subscriptions").where("id", "=", id);
  }
  const row = { tenant_id: state.tenantId, state: state.kind, document: JSON.stringify(state) };
  return database
    .insertInto("subscriptions")
    .values({ id: state.id, ...row })
    .onConflict((conflict) => conflict.column("id").doUpdateSet(row));
}

/** The stream of a subscription. */
export function subscriptionStream(id: string): string {
  return PREFIX + id;
}

/** Whether the event is of a subscription's stream. */
export function isOfSubscription({ stream }: StoredEvent): boolean {
  return stream.startsWith(PREFIX);
}

/** The secret that stands in the event in plain, as releases before format 2 wrote it; undefined if there is none. */
export function findPlainSecret(stored: StoredEvent): string | undefined {
  if (!isOfSubscription(stored) || isCurrentFormat(stored, FORMATS)) return undefined;
  const { secret } = stored.data as { readonly secret?: unknown };
  return typeof secret === "string" ? secret : undefined;
}

/** Reads `document` of the projection, which {@link subscriptionAggregate} wrote. */
export function decodeSubscriptionDocument(document: string): LiveSubscription {
  return JSON.parse(document) as LiveSubscription;
}

/** The key whose secret stands in an event of format 1: the same each time it is asked for. */
function plainKeyOf({ stream, version }: StoredEvent): NewSigningKey {
  return { id: `key_${stream.slice(PREFIX.length)}_${version}`, kind: "hmac_sha256" };
}
