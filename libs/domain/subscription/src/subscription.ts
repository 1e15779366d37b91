import { beginAnew, type EndpointHealth, evolveHealth, type HealthEvent, type Streak } from "./endpoint-health.ts";
import { type Consent, NOT_ASKED_YET, type Unverified, type Verified } from "./ownership.ts";
import type { Limits, SubscriptionSettings } from "./settings.ts";
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
 * gets no more of them, because its endpoint is gone or failed for too long; `pending` gets none, because nobody has
 * agreed at its callback URL yet. `ownership` is absent where the platform never asked.
 */
export type LiveSubscription =
  | (Facts & { readonly kind: "active"; readonly ownership?: Verified })
  | (Facts & { readonly kind: "paused"; readonly ownership?: Verified })
  | (Facts & { readonly kind: "pending"; readonly ownership: Unverified })
  | (Facts & { readonly kind: "disabled"; readonly reason: string; readonly ownership?: Verified | Unverified });

/**
 * ```
 * absent ──create──▶ active | pending (by choice of the platform)
 *                    pending ──verify (agreed)──▶ active
 *                    active ◀──resume── paused | disabled
 *                   pending ◀──resume── disabled, if nobody has agreed
 *                    active ──pause──▶ paused
 * active | paused | pending ──disable─▶ disabled
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
  /** Comes with its creation: it is pending from the start. */
  | (Happened & { readonly kind: "verification_required" })
  | (Happened & { readonly kind: "verification_failed"; readonly reason: string })
  | (Happened & { readonly kind: "subscription_verified"; readonly consent: Consent })
  | (Happened & { readonly kind: "secret_rotated"; readonly key: NewSigningKey; readonly oldExpiresAtMs: number })
  | (Happened & { readonly kind: "subscription_deleted" });

/** Every stream starts here. */
export const ABSENT: Subscription = { kind: "absent" };

/** Whether it exists and was not deleted. */
export function isLive(subscription: Subscription): subscription is LiveSubscription {
  return subscription.kind !== "absent" && subscription.kind !== "deleted";
}

/** Whether it waits, or once it is resumed will wait, for somebody at its callback URL to agree. */
export function isUnverified({ ownership }: LiveSubscription): boolean {
  return ownership?.kind === "unverified";
}

/** What its deliveries keep to: its own limits, and what the receiver asked for when it agreed. */
export function effectiveLimits({ settings: { limits }, ownership }: LiveSubscription): Limits {
  const allowed = ownership?.kind === "verified" ? ownership.consent.allowedRatePerSecond : undefined;
  if (allowed === undefined || (limits.ratePerSecond ?? Infinity) <= allowed) return limits;
  return { ...limits, ratePerSecond: allowed };
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
      return pause(state, event.atMs);
    case "subscription_resumed":
      return resume(state, event.atMs);
    case "subscription_disabled":
      return disable(state, event);
    case "verification_required":
      return { ...facts, kind: "pending", ownership: NOT_ASKED_YET };
    case "verification_failed":
      return { ...facts, kind: "pending", ownership: { kind: "unverified", reason: event.reason } };
    case "subscription_verified":
      return verify(state, event);
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
  if (settings.callbackUrl === state.settings.callbackUrl) return { ...state, settings, updatedAtMs: atMs };
  // What was learnt of one URL says nothing of another.
  const facts = { ...factsOf(state), settings, health: beginAnew(atMs), updatedAtMs: atMs };
  switch (state.kind) {
    case "pending":
      return { ...facts, kind: "pending", ownership: NOT_ASKED_YET };
    case "disabled":
      return {
        ...facts,
        kind: "disabled",
        reason: state.reason,
        ...(isUnverified(state) && { ownership: NOT_ASKED_YET }),
      };
    default:
      return { ...facts, kind: state.kind };
  }
}

function pause(state: LiveSubscription, atMs: number): LiveSubscription {
  const { ownership } = state;
  const facts = { ...factsOf(state), updatedAtMs: atMs };
  return { ...facts, kind: "paused", ...(ownership?.kind === "verified" && { ownership }) };
}

function disable(
  state: LiveSubscription,
  { reason, atMs }: Extract<Change, { readonly kind: "subscription_disabled" }>,
): LiveSubscription {
  const facts = { ...factsOf(state), health: beginAnew(atMs), updatedAtMs: atMs };
  return { ...facts, kind: "disabled", reason, ...(state.ownership && { ownership: state.ownership }) };
}

function resume(state: LiveSubscription, atMs: number): LiveSubscription {
  const facts = { ...factsOf(state), health: beginAnew(atMs), updatedAtMs: atMs };
  const { ownership } = state;
  if (ownership?.kind === "unverified") return { ...facts, kind: "pending", ownership };
  return { ...facts, kind: "active", ...(ownership && { ownership }) };
}

function verify(
  state: LiveSubscription,
  { consent, atMs }: Extract<Change, { readonly kind: "subscription_verified" }>,
): LiveSubscription {
  const ownership: Verified = { kind: "verified", consent, sinceMs: atMs };
  if (state.kind !== "pending") return { ...state, ownership, updatedAtMs: atMs };
  return { ...factsOf(state), kind: "active", ownership, health: beginAnew(atMs), updatedAtMs: atMs };
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
