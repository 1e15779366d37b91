import type * as wire from "@postrider/contracts/postrider/v1/subscription";
import {
  type Acknowledgement,
  effectiveLimits,
  type Limits,
  listActiveKeys,
  type LiveSubscription,
  type RetryPolicy,
} from "@postrider/domain-subscription";
import type { OpenedKey } from "../store/signing-secrets.ts";
import type { HistoryEntry } from "../subscriptions/list-history.ts";
import type { ChangedSubscription } from "../subscriptions/watch-subscriptions.ts";
import type { Change } from "../watch-changes.ts";
import { encodeDuration } from "./durations.ts";
import { CONSENTS, FORMATS, METHODS, RULES, SIGNATURES, STATES } from "./enums.ts";

/**
 * As everyone may see it at `nowMs`: without secrets. Defaults are filled in, except that the default schedule stays
 * unsaid.
 */
export function encodeSubscription(subscription: LiveSubscription, nowMs: number): wire.Subscription {
  const { id, tenantId, settings, createdAtMs, updatedAtMs } = subscription;
  return {
    id,
    tenantId,
    callbackUrl: settings.callbackUrl,
    eventTypes: [...settings.eventTypes],
    description: settings.description,
    state: STATES[subscription.kind],
    disabledReason: subscription.kind === "disabled" ? subscription.reason : "",
    pendingReason: subscription.kind === "pending" ? subscription.ownership.reason : "",
    consent: encodeConsent(subscription),
    method: METHODS[settings.method],
    payloadFormat: FORMATS[settings.payloadFormat],
    headers: { ...settings.headers },
    signature: SIGNATURES[settings.signature],
    acknowledgement: encodeAcknowledgement(settings.acknowledgement),
    retryPolicy: encodeRetryPolicy(settings.retryPolicy),
    limits: encodeLimits(settings.limits),
    secret: "",
    createTime: new Date(createdAtMs),
    updateTime: new Date(updatedAtMs),
    failureStreak: encodeStreak(subscription),
    publicKeys: encodePublicKeys(subscription, nowMs),
  };
}

/** For the dispatcher: with what the receiver asked for when it agreed to get deliveries. */
export function encodeForDelivery(subscription: LiveSubscription, nowMs: number): wire.Subscription {
  const encoded = encodeSubscription(subscription, nowMs);
  const origin = encoded.consent?.origin;
  return {
    ...encoded,
    limits: encodeLimits(effectiveLimits(subscription)),
    headers: origin ? { ...withoutOrigin(encoded.headers), origin } : encoded.headers,
  };
}

function withoutOrigin(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => name.toLowerCase() !== "origin"));
}

function encodeConsent({ ownership }: LiveSubscription): wire.Consent | undefined {
  if (ownership?.kind !== "verified") return undefined;
  const { by, origin = "", allowedRatePerSecond = 0 } = ownership.consent;
  return { method: CONSENTS[by], time: new Date(ownership.sinceMs), origin, allowedRatePerSecond };
}

function encodeStreak({ health }: LiveSubscription): wire.FailureStreak | undefined {
  if (!health || health.kind === "healthy") return undefined;
  return {
    since: new Date(health.sinceMs),
    failures: BigInt(health.failures),
    disableTime: health.kind === "failing" ? new Date(health.disabledAtMs) : undefined,
  };
}

/**
 * With a secret that was just made, for the one who asked for it, this one time. What signs with ed25519 is told to
 * nobody: its receiver needs the public key only.
 */
export function encodeWithSecret(
  subscription: LiveSubscription,
  secret: string | undefined,
  nowMs: number,
): wire.Subscription {
  const shown = subscription.settings.signature === "ed25519" ? undefined : secret;
  return { ...encodeSubscription(subscription, nowMs), secret: shown ?? "" };
}

/** For the dispatcher only. */
export function encodeSigningKeys(keys: readonly OpenedKey[]): wire.SigningKeys {
  return { keys: keys.map(({ secret, expiresAtMs }) => ({ secret, expireTime: encodeExpiry(expiresAtMs) })) };
}

function encodePublicKeys({ keys }: LiveSubscription, nowMs: number): wire.PublicKey[] {
  return listActiveKeys(keys, nowMs).flatMap(({ publicKey, expiresAtMs }) =>
    publicKey === undefined ? [] : [{ key: publicKey, expireTime: encodeExpiry(expiresAtMs) }],
  );
}

function encodeExpiry(expiresAtMs: number | undefined): Date | undefined {
  return expiresAtMs === undefined ? undefined : new Date(expiresAtMs);
}

export function encodeHistoryEntry({ version, type, atMs, facts }: HistoryEntry): wire.SubscriptionHistoryEntry {
  return { version, type, time: new Date(atMs), data: JSON.stringify(facts) };
}

export function encodeChange({ revision, subject }: Change<ChangedSubscription>): wire.SubscriptionChange {
  return {
    revision: BigInt(revision),
    tenantId: subject?.tenantId ?? "",
    subscriptionId: subject?.id ?? "",
  };
}

function encodeAcknowledgement(acknowledgement: Acknowledgement): wire.Acknowledgement {
  const exactBody = acknowledgement.kind === "exact_body" ? acknowledgement.body : "";
  return { rule: RULES[acknowledgement.kind], exactBody };
}

function encodeRetryPolicy(policy: RetryPolicy): wire.RetryPolicy | undefined {
  if (policy.kind === "default") return undefined;
  const maxAge = policy.maxAgeMs === undefined ? undefined : encodeDuration(policy.maxAgeMs);
  return { delays: policy.delaysMs.map(encodeDuration), maxAge };
}

function encodeLimits({ maxInFlight, ratePerSecond = 0, timeoutMs }: Limits): wire.Limits {
  return { maxInFlight, ratePerSecond, timeout: encodeDuration(timeoutMs) };
}
