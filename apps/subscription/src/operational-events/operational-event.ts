import type { Event } from "@postrider/contracts/postrider/v1/ingest";
import { isLive, type LiveSubscription, type Streak, type SubscriptionEvent } from "@postrider/domain-subscription";
import type { StoredEvent } from "@postrider/kit-event-store";
import { isOfSubscription, subscriptionAggregate } from "../store/subscription-aggregate.ts";
import type { SubscriptionDeps } from "../subscription-deps.ts";

/** What a change of a subscription's stream is called to its tenant; changes that are not here are not told. */
const TYPES = {
  endpoint_failing: "postrider.subscription.failing",
  endpoint_recovered: "postrider.subscription.recovered",
  subscription_disabled: "postrider.subscription.disabled",
} as const satisfies Partial<Record<SubscriptionEvent["kind"], string>>;

type Change = Extract<SubscriptionEvent, { readonly kind: keyof typeof TYPES }>;

/** Whether the tenant is told of it. */
export function isOperational(stored: StoredEvent): boolean {
  return isOfSubscription(stored) && Object.hasOwn(TYPES, stored.type);
}

/** The event for the tenant: the same id whenever it is made from the same stored event. */
export async function loadOperationalEvent(
  { store }: Pick<SubscriptionDeps, "store">,
  stored: StoredEvent,
): Promise<Event> {
  // As the subscription was then: it may have been changed or deleted since.
  const history = (await store.load(stored.stream)).filter(({ version }) => version <= stored.version);
  const { absent, decode, evolve } = subscriptionAggregate;
  const state = history.reduce((before, each) => evolve(before, decode(each)), absent);
  if (!isLive(state)) throw new Error(`${stored.type} of ${stored.stream} does not leave a subscription behind`);
  const change = decode(stored) as Change;
  return {
    id: `${state.id}_${stored.position}`,
    ...{ tenantId: state.tenantId, type: TYPES[change.kind], time: new Date(change.atMs), source: "postrider" },
    data: { $case: "jsonData", value: JSON.stringify(describe(change, state)) },
    ...{ contentType: "application/json", orderingKey: state.id },
  };
}

function describe(change: Change, { id, settings }: LiveSubscription): object {
  const whose = { subscription_id: id, callback_url: settings.callbackUrl };
  switch (change.kind) {
    case "endpoint_failing":
      return { ...whose, ...describeStreak(change.streak), disable_time: toText(change.disabledAtMs) };
    case "endpoint_recovered":
      return { ...whose, ...describeStreak(change.streak), recover_time: toText(change.succeededAtMs) };
    case "subscription_disabled":
      return { ...whose, reason: change.reason, ...(change.streak && describeStreak(change.streak)) };
  }
}

function describeStreak({ sinceMs, failures }: Streak): object {
  return { since: toText(sinceMs), failures };
}

function toText(timeMs: number): string {
  return new Date(timeMs).toISOString();
}
