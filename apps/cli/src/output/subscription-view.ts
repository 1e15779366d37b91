import type { Duration } from "@postrider/contracts/google/protobuf/duration";
import {
  Acknowledgement_Rule,
  PayloadFormat,
  Consent_Method,
  type PublicKey,
  SignatureKind,
  type Subscription,
  Subscription_Method,
  Subscription_State,
} from "@postrider/contracts/postrider/v1/subscription";
import { decodeDuration, formatDuration } from "../duration.ts";
import { enumName } from "./enum-name.ts";
import { formatFields, formatTable } from "./table.ts";

/** A subscription as `--json` prints it: protobuf's JSON names, enums without their prefix, durations as 5s or 2m. */
export function toSubscriptionJson(subscription: Subscription): object {
  const { id, tenantId, callbackUrl, eventTypes, description, headers } = subscription;
  return {
    id,
    tenantId,
    callbackUrl,
    eventTypes,
    description,
    state: stateOf(subscription),
    disabledReason: subscription.disabledReason || undefined,
    pendingReason: subscription.pendingReason || undefined,
    consent: toConsentJson(subscription),
    method: methodOf(subscription),
    payloadFormat: formatOf(subscription),
    headers,
    signature: signatureOf(subscription),
    publicKeys: toPublicKeysJson(subscription),
    acknowledgement: toAcknowledgementJson(subscription),
    retryPolicy: subscription.retryPolicy && {
      delays: subscription.retryPolicy.delays.map(toText),
      maxAge: toOptionalText(subscription.retryPolicy.maxAge),
    },
    limits: subscription.limits && {
      maxInFlight: subscription.limits.maxInFlight || undefined,
      ratePerSecond: subscription.limits.ratePerSecond || undefined,
      timeout: toOptionalText(subscription.limits.timeout),
    },
    failureStreak: toStreakJson(subscription),
    secret: subscription.secret || undefined,
    createTime: subscription.createTime?.toISOString(),
    updateTime: subscription.updateTime?.toISOString(),
  };
}

/** Many, for people: a line each. */
export function formatSubscriptions(subscriptions: readonly Subscription[]): string {
  if (subscriptions.length === 0) return "no subscriptions\n";
  return formatTable(
    ["id", "tenant", "state", "events", "url"],
    subscriptions.map((subscription) => [
      subscription.id,
      subscription.tenantId,
      stateOf(subscription),
      subscription.eventTypes.join(","),
      subscription.callbackUrl,
    ]),
  );
}

/** One, for people: what was set, without its secret. */
export function formatSubscription(subscription: Subscription): string {
  const reason = subscription.disabledReason || subscription.pendingReason;
  return formatFields([
    ["id", subscription.id],
    ["tenant", subscription.tenantId],
    ["state", reason ? `${stateOf(subscription)} (${reason})` : stateOf(subscription)],
    ["agreed by", describeConsent(subscription)],
    ["endpoint", describeStreak(subscription)],
    ["url", `${methodOf(subscription)} ${subscription.callbackUrl}`],
    ["events", subscription.eventTypes.join(", ")],
    ["description", subscription.description],
    ["format", formatOf(subscription)],
    ["headers", Object.keys(subscription.headers).join(", ")],
    ["signed with", signatureOf(subscription)],
    ...subscription.publicKeys.map(describePublicKey),
    ["acknowledged by", Object.values(toAcknowledgementJson(subscription) ?? {}).join(": ")],
    ...describeLimits(subscription),
    ["created", subscription.createTime?.toISOString() ?? ""],
  ]);
}

/** For one that is pending: what to do. */
export function formatPending({ id }: Subscription): string {
  return `\nNothing is delivered until somebody at its callback URL agrees. \`postrider subscriptions verify ${id}\` asks again.\n`;
}

function toConsentJson({ consent }: Subscription): object | undefined {
  if (!consent) return undefined;
  const { method, time, origin, allowedRatePerSecond } = consent;
  return {
    method: enumName(Consent_Method, method, "METHOD_"),
    time: time?.toISOString(),
    origin: origin || undefined,
    allowedRatePerSecond: allowedRatePerSecond || undefined,
  };
}

function describeConsent({ consent }: Subscription): string {
  if (!consent) return "";
  const { method, time, allowedRatePerSecond } = consent;
  const words = `${enumName(Consent_Method, method, "METHOD_")}, ${time?.toISOString() ?? "?"}`;
  return allowedRatePerSecond ? `${words}, to at most ${allowedRatePerSecond} per second` : words;
}

function describeLimits({ retryPolicy, limits }: Subscription): readonly (readonly [string, string])[] {
  return [
    ["retries after", retryPolicy?.delays.map(toText).join(" ") ?? ""],
    ["gives up after", toOptionalText(retryPolicy?.maxAge) ?? ""],
    ["timeout", toOptionalText(limits?.timeout) ?? ""],
    ["in flight", limits?.maxInFlight ? `at most ${limits.maxInFlight}` : ""],
    ["rate", limits?.ratePerSecond ? `${limits.ratePerSecond} per second` : ""],
  ];
}

/** The secret with the one warning that matters. */
export function formatSecret({ id, secret }: Subscription): string {
  return `\nsecret  ${secret}\nIt is shown only once: keep it now. \`postrider subscriptions rotate-secret ${id}\` makes a new one.\n`;
}

function stateOf({ state }: Subscription): string {
  return enumName(Subscription_State, state, "STATE_");
}

function methodOf({ method }: Subscription): string {
  return enumName(Subscription_Method, method, "METHOD_");
}

function formatOf({ payloadFormat }: Subscription): string {
  return enumName(PayloadFormat, payloadFormat, "PAYLOAD_FORMAT_");
}

function signatureOf({ signature }: Subscription): string {
  return enumName(SignatureKind, signature, "SIGNATURE_KIND_");
}

function toPublicKeysJson({ publicKeys }: Subscription): object[] | undefined {
  if (publicKeys.length === 0) return undefined;
  return publicKeys.map(({ key, expireTime }) => ({ key, expireTime: expireTime?.toISOString() }));
}

function describePublicKey({ key, expireTime }: PublicKey): readonly [string, string] {
  return ["public key", expireTime ? `${key} until ${expireTime.toISOString()}` : key];
}

function toAcknowledgementJson({ acknowledgement }: Subscription): { rule: string; exactBody?: string } | undefined {
  if (!acknowledgement) return undefined;
  const rule = enumName(Acknowledgement_Rule, acknowledgement.rule, "RULE_");
  return acknowledgement.exactBody ? { rule, exactBody: acknowledgement.exactBody } : { rule };
}

function toStreakJson({ failureStreak }: Subscription): object | undefined {
  if (!failureStreak) return undefined;
  const { since, failures, disableTime } = failureStreak;
  return { since: since?.toISOString(), failures: String(failures), disableTime: disableTime?.toISOString() };
}

function describeStreak({ failureStreak }: Subscription): string {
  if (!failureStreak) return "";
  const { since, failures, disableTime } = failureStreak;
  const words = `nothing but failures since ${since?.toISOString() ?? "?"}: at least ${failures}`;
  return disableTime ? `${words}; disabled from ${disableTime.toISOString()} on` : words;
}

function toText(duration: Duration): string {
  return formatDuration(decodeDuration(duration));
}

function toOptionalText(duration: Duration | undefined): string | undefined {
  return duration && toText(duration);
}
