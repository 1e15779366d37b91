import type { Duration } from "@postrider/contracts/google/protobuf/duration";
import {
  Acknowledgement_Rule as Rule,
  PayloadFormat as Format,
  type SigningKeys,
  type Subscription,
  Subscription_Method as Method,
  Subscription_State as State,
} from "@postrider/contracts/postrider/v1/subscription";
import { type AcknowledgementRule, DEFAULT_RETRY_DELAYS_MS, type RetryPolicy } from "@postrider/domain-delivery";
import type { EndpointLimits } from "@postrider/domain-flow";
import { parseSigningSecret } from "@postrider/kit-signature";
import type { Endpoint, EndpointKey, HttpMethod, PayloadFormat } from "./endpoint.ts";

/** Requests to one endpoint at a time, where the subscription sets no limit. */
const DEFAULT_MAX_IN_FLIGHT = 64;
/** Enough for a slow answer of most platforms' receivers, and a third of what a pool can stand of hanging ones. */
const DEFAULT_TIMEOUT_MS = 15_000;

const METHODS: Readonly<Record<number, HttpMethod>> = {
  [Method.METHOD_POST]: "POST",
  [Method.METHOD_PUT]: "PUT",
  [Method.METHOD_PATCH]: "PATCH",
  [Method.METHOD_GET]: "GET",
  [Method.METHOD_DELETE]: "DELETE",
};

const FORMATS: Readonly<Record<number, PayloadFormat>> = {
  [Format.PAYLOAD_FORMAT_STANDARD]: "standard",
  [Format.PAYLOAD_FORMAT_CLOUDEVENTS_BINARY]: "cloudevents_binary",
  [Format.PAYLOAD_FORMAT_CLOUDEVENTS_STRUCTURED]: "cloudevents_structured",
  [Format.PAYLOAD_FORMAT_RAW]: "raw",
  [Format.PAYLOAD_FORMAT_PLATFORM]: "platform",
};

/** @throws Error when a signing key is none: nothing may go out with a wrong signature */
export function decodeEndpoint(subscription: Subscription, signingKeys: SigningKeys | undefined): Endpoint {
  return {
    subscriptionId: subscription.id,
    url: subscription.callbackUrl,
    // What is no URL is refused at the attempt.
    host: URL.parse(subscription.callbackUrl)?.host ?? "",
    isPaused: subscription.state === State.STATE_PAUSED,
    isSuspected: subscription.failureStreak !== undefined,
    method: METHODS[subscription.method] ?? "POST",
    format: FORMATS[subscription.payloadFormat] ?? "standard",
    headers: lowerCaseNames(subscription.headers),
    keys: decodeKeys(subscription.id, signingKeys),
    acknowledgement: decodeAcknowledgement(subscription.acknowledgement),
    retryPolicy: decodeRetryPolicy(subscription.retryPolicy),
    limits: decodeLimits(subscription.limits),
    timeoutMs: subscription.limits?.timeout ? toMs(subscription.limits.timeout) : DEFAULT_TIMEOUT_MS,
  };
}

function decodeKeys(subscriptionId: string, signingKeys: SigningKeys | undefined): EndpointKey[] {
  return (signingKeys?.keys ?? []).map(({ secret, expireTime }) => {
    const parsed = parseSigningSecret(secret);
    if (parsed.kind === "invalid") throw new Error(`a signing key of ${subscriptionId} is invalid: ${parsed.reason}`);
    return { key: parsed.key, expiresAtMs: expireTime?.getTime() ?? Infinity };
  });
}

function decodeAcknowledgement(acknowledgement: Subscription["acknowledgement"]): AcknowledgementRule {
  switch (acknowledgement?.rule) {
    case Rule.RULE_JSON_STATUS_SUCCESS:
      return { kind: "json_status_success" };
    case Rule.RULE_EXACT_BODY:
      return { kind: "exact_body", body: acknowledgement.exactBody };
    default:
      return { kind: "status" };
  }
}

function decodeRetryPolicy(policy: Subscription["retryPolicy"]): RetryPolicy {
  const delaysMs = policy ? policy.delays.map(toMs) : DEFAULT_RETRY_DELAYS_MS;
  return policy?.maxAge ? { delaysMs, maxAgeMs: toMs(policy.maxAge) } : { delaysMs };
}

function decodeLimits(limits: Subscription["limits"]): EndpointLimits {
  const maxInFlight = limits?.maxInFlight ? limits.maxInFlight : DEFAULT_MAX_IN_FLIGHT;
  return limits?.ratePerSecond ? { maxInFlight, ratePerSecond: limits.ratePerSecond } : { maxInFlight };
}

function lowerCaseNames(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

function toMs({ seconds, nanos }: Duration): number {
  return Number(seconds) * 1000 + nanos / 1e6;
}
