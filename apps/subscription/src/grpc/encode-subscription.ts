import type * as wire from "@postrider/contracts/postrider/v1/subscription";
import {
  type Acknowledgement,
  type Limits,
  listActiveSecrets,
  type LiveSubscription,
  type RetryPolicy,
} from "@postrider/domain-subscription";
import type { HistoryEntry } from "../subscriptions/list-history.ts";
import type { ChangedSubscription } from "../subscriptions/watch-subscriptions.ts";
import type { Change } from "../watch-changes.ts";
import { encodeDuration } from "./durations.ts";
import { FORMATS, METHODS, RULES, SIGNATURES, STATES } from "./enums.ts";

/** As everyone may see it: without secrets. Defaults are filled in, except that the default schedule stays unsaid. */
export function encodeSubscription(subscription: LiveSubscription): wire.Subscription {
  const { id, tenantId, settings, createdAtMs, updatedAtMs } = subscription;
  return {
    id,
    tenantId,
    callbackUrl: settings.callbackUrl,
    eventTypes: [...settings.eventTypes],
    description: settings.description,
    state: STATES[subscription.kind],
    disabledReason: subscription.kind === "disabled" ? subscription.reason : "",
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
  };
}

function encodeStreak({ health }: LiveSubscription): wire.FailureStreak | undefined {
  if (!health || health.kind === "healthy") return undefined;
  return {
    since: new Date(health.sinceMs),
    failures: BigInt(health.failures),
    disableTime: health.kind === "failing" ? new Date(health.disabledAtMs) : undefined,
  };
}

/** For the one who made the secret, this one time. */
export function encodeWithSecret(subscription: LiveSubscription): wire.Subscription {
  return { ...encodeSubscription(subscription), secret: subscription.secrets[0]?.secret ?? "" };
}

/** What signs at `nowMs`, for the dispatcher only. */
export function encodeSigningKeys({ secrets }: LiveSubscription, nowMs: number): wire.SigningKeys {
  const keys = listActiveSecrets(secrets, nowMs).map(({ secret, expiresAtMs }) => ({
    secret,
    expireTime: expiresAtMs === undefined ? undefined : new Date(expiresAtMs),
  }));
  return { keys };
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
