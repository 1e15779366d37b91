import { isEventTypePattern, isTenantId, quote, type Violation } from "@postrider/domain-event";
import { checkCallbackUrl } from "./check-callback-url.ts";
import { checkHeaders } from "./check-headers.ts";
import type { Acknowledgement, Limits, RetryPolicy, SubscriptionSettings } from "./settings.ts";
import { MAX_OVERLAP_MS } from "./signing-keys.ts";

const DAY_MS = 86_400_000;

// The bounds of proto/postrider/v1/subscription.proto, where they are documented for callers.
const MAX_EVENT_TYPES = 100;
const MAX_DESCRIPTION_CHARS = 1024;
const MAX_EXACT_BODY_CHARS = 256;
const MAX_REASON_CHARS = 256;
const MAX_DELAYS = 20;
const MAX_DELAY_MS = 7 * DAY_MS;
const MAX_AGE_MS = 30 * DAY_MS;
const MAX_IN_FLIGHT = 1000;
// Slower than one in a quarter of an hour is a pause; faster than this is no limit.
const MIN_RATE = 0.001;
const MAX_RATE = 10_000;
const MIN_TIMEOUT_MS = 1_000;
const MAX_TIMEOUT_MS = 60_000;

const CONTROL_CHARACTER = /\p{Cc}/u;

/** Everything that is wrong with the settings, by the fields' paths in the API. Empty: nothing. */
export function checkSettings(settings: SubscriptionSettings): readonly Violation[] {
  return [
    ...checkCallbackUrl("subscription.callback_url", settings.callbackUrl),
    ...checkEventTypes(settings.eventTypes),
    ...checkDescription(settings.description),
    ...checkFormat(settings),
    ...checkHeaders("subscription.headers", settings.headers),
    ...checkAcknowledgement(settings.acknowledgement),
    ...checkRetryPolicy(settings.retryPolicy),
    ...checkLimits(settings.limits),
  ];
}

/** Empty when the tenant's id is well-formed. */
export function checkTenant(tenantId: string): readonly Violation[] {
  const description = `${quote(tenantId)} is not a tenant id: 1 to 64 letters, digits, - or _ are allowed`;
  return violationIf(!isTenantId(tenantId), "subscription.tenant_id", description);
}

/** Empty when the old secret may sign that long beside the new one. */
export function checkOverlap(overlapMs: number): readonly Violation[] {
  return checkDuration("overlap", overlapMs, [0, MAX_OVERLAP_MS]);
}

/** Empty when the reason may stand in `disabled_reason`. */
export function checkReason(reason: string): readonly Violation[] {
  const isFine = reason.length > 0 && reason.length <= MAX_REASON_CHARS && !CONTROL_CHARACTER.test(reason);
  const description = `${quote(reason)} is not a reason: 1 to ${MAX_REASON_CHARS} characters, none of control`;
  return violationIf(!isFine || !reason.isWellFormed(), "reason", description);
}

function checkEventTypes(eventTypes: readonly string[]): readonly Violation[] {
  const field = "subscription.event_types";
  if (eventTypes.length === 0 || eventTypes.length > MAX_EVENT_TYPES) {
    return [{ field, description: `has ${eventTypes.length} entries; 1 to ${MAX_EVENT_TYPES} are allowed` }];
  }
  return eventTypes.flatMap((pattern, index) => [
    ...violationIf(
      !isEventTypePattern(pattern),
      `${field}[${index}]`,
      `${quote(pattern)} is neither an event type such as order.paid nor a pattern such as order.* or *`,
    ),
    ...violationIf(eventTypes.indexOf(pattern) < index, `${field}[${index}]`, `${quote(pattern)} is there twice`),
  ]);
}

function checkDescription(description: string): readonly Violation[] {
  return violationIf(
    description.length > MAX_DESCRIPTION_CHARS,
    "subscription.description",
    `has ${description.length} characters; at most ${MAX_DESCRIPTION_CHARS} are allowed`,
  );
}

/** A CloudEvent is a message with a body: its HTTP binding knows no query string. */
function checkFormat({ payloadFormat, method }: SubscriptionSettings): readonly Violation[] {
  const needsBody = payloadFormat === "cloudevents_binary" || payloadFormat === "cloudevents_structured";
  return violationIf(
    needsBody && (method === "GET" || method === "DELETE"),
    "subscription.payload_format",
    `${payloadFormat} needs a body, and ${method} has none: POST, PUT and PATCH carry it`,
  );
}

function checkAcknowledgement(acknowledgement: Acknowledgement): readonly Violation[] {
  if (acknowledgement.kind !== "exact_body") return [];
  const { length } = acknowledgement.body;
  return violationIf(
    length === 0 || length > MAX_EXACT_BODY_CHARS,
    "subscription.acknowledgement.exact_body",
    `has ${length} characters; 1 to ${MAX_EXACT_BODY_CHARS} are allowed`,
  );
}

function checkRetryPolicy(policy: RetryPolicy): readonly Violation[] {
  if (policy.kind === "default") return [];
  const field = "subscription.retry_policy.delays";
  const { delaysMs, maxAgeMs } = policy;
  if (delaysMs.length > MAX_DELAYS) {
    return [{ field, description: `has ${delaysMs.length} delays; at most ${MAX_DELAYS} are allowed` }];
  }
  return [
    ...delaysMs.flatMap((delayMs, index) => checkDuration(`${field}[${index}]`, delayMs, [0, MAX_DELAY_MS])),
    ...(maxAgeMs === undefined ? [] : checkDuration("subscription.retry_policy.max_age", maxAgeMs, [1, MAX_AGE_MS])),
  ];
}

function checkLimits({ maxInFlight, ratePerSecond, timeoutMs }: Limits): readonly Violation[] {
  const isCount = Number.isInteger(maxInFlight) && maxInFlight >= 1 && maxInFlight <= MAX_IN_FLIGHT;
  const isRate = ratePerSecond === undefined || (ratePerSecond >= MIN_RATE && ratePerSecond <= MAX_RATE);
  const wrongRate = `${String(ratePerSecond)} is not from ${MIN_RATE} to ${MAX_RATE} a second`;
  return [
    ...violationIf(!isCount, "subscription.limits.max_in_flight", `${maxInFlight} is not from 1 to ${MAX_IN_FLIGHT}`),
    ...violationIf(!isRate, "subscription.limits.rate_per_second", wrongRate),
    ...checkDuration("subscription.limits.timeout", timeoutMs, [MIN_TIMEOUT_MS, MAX_TIMEOUT_MS]),
  ];
}

function checkDuration(
  field: string,
  valueMs: number,
  [leastMs, mostMs]: readonly [number, number],
): readonly Violation[] {
  const isWithin = valueMs >= leastMs && valueMs <= mostMs;
  return violationIf(!isWithin, field, `${valueMs / 1000} s is not from ${leastMs / 1000} s to ${mostMs / 1000} s`);
}

function violationIf(isBroken: boolean, field: string, description: string): readonly Violation[] {
  return isBroken ? [{ field, description }] : [];
}
