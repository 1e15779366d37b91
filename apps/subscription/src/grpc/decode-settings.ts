import type { Violation } from "@postrider/domain-event";
import {
  type Acknowledgement,
  DEFAULT_LIMITS,
  type Limits,
  type RetryPolicy,
  type SignatureKind,
  type SubscriptionSettings,
} from "@postrider/domain-subscription";
import type * as wire from "@postrider/contracts/postrider/v1/subscription";
import { RpcError } from "@postrider/kit-rpc";
import { decodeDurationMs } from "./durations.ts";
import { FORMATS, METHODS, RULES, SIGNATURES } from "./enums.ts";

/** A message in the domain's words, and what could not be said in them. */
export interface DecodedSettings {
  readonly settings: SubscriptionSettings;
  /** By the fields' paths. Bounds are the domain's to check, after this. */
  readonly violations: readonly Violation[];
}

/** Reads what a tenant may set; where nothing is said, the default of the API's documentation stands. */
export function decodeSettings(message: wire.Subscription): DecodedSettings {
  const violations: Violation[] = [];
  const settings: SubscriptionSettings = {
    callbackUrl: message.callbackUrl,
    eventTypes: message.eventTypes,
    description: message.description,
    method: decodeEnum(METHODS, message.method, { field: "subscription.method", otherwise: "POST", violations }),
    payloadFormat: decodeEnum(FORMATS, message.payloadFormat, {
      field: "subscription.payload_format",
      otherwise: "standard",
      violations,
    }),
    headers: message.headers,
    signature: decodeEnum(SIGNATURES, message.signature, {
      field: "subscription.signature",
      otherwise: "hmac_sha256",
      violations,
    }),
    acknowledgement: decodeAcknowledgement(message.acknowledgement, violations),
    retryPolicy: decodeRetryPolicy(message.retryPolicy),
    limits: decodeLimits(message.limits),
  };
  return { settings, violations };
}

/** Undefined if nothing is said. @throws {RpcError} `invalid_argument` */
export function decodeSignature(field: string, number: wire.SignatureKind): SignatureKind | undefined {
  if (number === 0) return undefined;
  const violations: Violation[] = [];
  const kind = decodeEnum(SIGNATURES, number, { field, otherwise: "hmac_sha256", violations });
  if (violations.length > 0) throw RpcError.invalid(violations);
  return kind;
}

interface EnumReading<Word> {
  readonly field: string;
  /** What 0 means, and what stands in for an unknown number. */
  readonly otherwise: Word;
  readonly violations: Violation[];
}

function decodeEnum<Word extends string>(
  numbers: Readonly<Record<Word, number>>,
  number: number,
  { field, otherwise, violations }: EnumReading<NoInfer<Word>>,
): Word {
  const words = Object.keys(numbers) as Word[];
  const word = words.find((each) => numbers[each] === number);
  if (word !== undefined || number === 0) return word ?? otherwise;
  violations.push({ field, description: `${number} is none of its values, which are ${words.join(", ")}` });
  return otherwise;
}

function decodeAcknowledgement(message: wire.Acknowledgement | undefined, violations: Violation[]): Acknowledgement {
  const { rule, exactBody } = message ?? { rule: 0, exactBody: "" };
  const kind = decodeEnum(RULES, rule, { field: "subscription.acknowledgement.rule", otherwise: "status", violations });
  if (kind === "exact_body") return { kind, body: exactBody };
  if (exactBody !== "") {
    const description = `is for the rule exact_body only, not for ${kind}`;
    violations.push({ field: "subscription.acknowledgement.exact_body", description });
  }
  return { kind };
}

/** Without delays there is one attempt only; the default schedule is where there is no policy at all. */
function decodeRetryPolicy(message: wire.RetryPolicy | undefined): RetryPolicy {
  if (!message) return { kind: "default" };
  const delaysMs = message.delays.map(decodeDurationMs);
  return message.maxAge
    ? { kind: "custom", delaysMs, maxAgeMs: decodeDurationMs(message.maxAge) }
    : { kind: "custom", delaysMs };
}

function decodeLimits(message: wire.Limits | undefined): Limits {
  if (!message) return DEFAULT_LIMITS;
  const { maxInFlight, ratePerSecond, timeout } = message;
  return {
    maxInFlight: maxInFlight === 0 ? DEFAULT_LIMITS.maxInFlight : maxInFlight,
    ...(ratePerSecond === 0 ? {} : { ratePerSecond }),
    timeoutMs: timeout ? decodeDurationMs(timeout) : DEFAULT_LIMITS.timeoutMs,
  };
}
