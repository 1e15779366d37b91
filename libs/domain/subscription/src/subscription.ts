import { beginAnew, type EndpointHealth, evolveHealth, type HealthEvent, type Streak } from "./endpoint-health.ts";
import type { SubscriptionSettings } from "./settings.ts";
import { type NewSigningKey, rotateKeys, type SigningKey } from "./signing-keys.ts";

/** What every subscription that was not deleted has. */
interface Facts {
  readonly id: string;
  readonly tenantId: string;
  readonly settings: SubscriptionSettings;
  /** The newest first: the current one, then at most 10 that end. */
  readonly keys: readonly SigningKey[];
  /** What attempts said of its endpoint. Absent as long as they said nothing. */
  readonly health?: EndpointHealth;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
}

/**
 * A subscription that exists: `active` is delivered to; `paused` holds its deliveries until it is resumed; `disabled`
 * gets no more of them, because its endpoint is gone or failed for too long.
 */
export type LiveSubscription =
  | (Facts & { readonly kind: "active" })
  | (Facts & { readonly kind: "paused" })
  | (Facts & { readonly kind: "disabled"; readonly reason: string });

/**
 * ```
 * absent ──create──▶ active ◀──resume── paused | disabled
 *                    active ──pause──▶ paused
 *           active | paused ──disable─▶ disabled
 *    any live one ──delete──▶ deleted (final)
 * ```
 */
export type Subscription =
  | { readonly kind: "absent" }
  | LiveSubscription
  | { readonly kind: "deleted"; readonly id: string; readonly tenantId: string };

/** Whose event it is, and when it happened (milliseconds since the epoch). */
interface Happened {
  readonly id: string;
  readonly tenantId: string;
  readonly atMs: number;
}

export type SubscriptionEvent =
  | (Happened & {
      readonly kind: "subscription_created";
      readonly settings: SubscriptionSettings;
      readonly key: NewSigningKey;
    })
  | (Happened & { readonly kind: "subscription_updated"; readonly changes: Partial<SubscriptionSettings> })
  | (Happened & { readonly kind: "subscription_paused" })
  | (Happened & { readonly kind: "subscription_resumed" })
  | (Happened & {
      readonly kind: "subscription_disabled";
      readonly reason: string;
      /** The failures that it was disabled for; absent if it was for something else. */
      readonly streak?: Streak;
    })
  | (Happened & HealthEvent)
  | (Happened & { readonly kind: "secret_rotated"; readonly key: NewSigningKey; readonly oldExpiresAtMs: number })
  | (Happened & { readonly kind: "subscription_deleted" });

/** Every stream starts here. */
export const ABSENT: Subscription = { kind: "absent" };

/** Whether it exists and was not deleted. */
export function isLive(subscription: Subscription): subscription is LiveSubscription {
  return subscription.kind !== "absent" && subscription.kind !== "deleted";
}

/** The state after the event. Events that {@link decide} can't have made on this state leave it as it is. */
export function evolve(state: Subscription, event: SubscriptionEvent): Subscription {
  if (event.kind === "subscription_created") return create(event);
  return isLive(state) ? evolveLive(state, event) : state;
}

type Change = Exclude<SubscriptionEvent, { readonly kind: "subscription_created" }>;

function create(event: Extract<SubscriptionEvent, { readonly kind: "subscription_created" }>): LiveSubscription {
  const { id, tenantId, settings, key, atMs } = event;
  return { kind: "active", id, tenantId, settings, keys: [key], createdAtMs: atMs, updatedAtMs: atMs };
}

function evolveLive(state: LiveSubscription, event: Change): Subscription {
  const facts = { ...factsOf(state), updatedAtMs: event.atMs };
  switch (event.kind) {
    case "subscription_updated":
      return update(state, event);
    case "secret_rotated":
      return rotate(state, event);
    case "subscription_paused":
      return { ...facts, kind: "paused" };
    case "subscription_resumed":
      return { ...facts, health: beginAnew(event.atMs), kind: "active" };
    case "subscription_disabled":
      return { ...facts, health: beginAnew(event.atMs), kind: "disabled", reason: event.reason };
    case "subscription_deleted":
      return { kind: "deleted", id: state.id, tenantId: state.tenantId };
    default:
      return { ...state, health: evolveHealth(event) };
  }
}

function update(
  state: LiveSubscription,
  { changes, atMs }: Extract<Change, { readonly kind: "subscription_updated" }>,
): LiveSubscription {
  const settings = { ...state.settings, ...changes };
  const isMoved = settings.callbackUrl !== state.settings.callbackUrl;
  // What was learnt of one URL says nothing of another.
  return { ...state, settings, updatedAtMs: atMs, ...(isMoved && { health: beginAnew(atMs) }) };
}

function rotate(
  state: LiveSubscription,
  rotation: Extract<Change, { readonly kind: "secret_rotated" }>,
): LiveSubscription {
  const settings = { ...state.settings, signature: rotation.key.kind };
  return { ...state, settings, keys: rotateKeys(state.keys, rotation), updatedAtMs: rotation.atMs };
}

/** Without what only one of the states has. */
function factsOf({ id, tenantId, settings, keys, health, createdAtMs, updatedAtMs }: LiveSubscription): Facts {
  return { id, tenantId, settings, keys, ...(health && { health }), createdAtMs, updatedAtMs };
}
