import {
  type Acknowledgement,
  Acknowledgement_Rule,
  type Limits,
  PayloadFormat,
  type RetryPolicy,
  SignatureKind,
  type Subscription,
  Subscription_Method,
  Subscription_State,
} from "@postrider/contracts/postrider/v1/subscription";
import { type Command, InvalidArgumentError } from "commander";
import { encodeDuration } from "../duration.ts";
import { UsageError } from "../failures.ts";
import { commaSeparated, durationMs, durationsMs, header, integer, oneOf, positiveNumber } from "./option-values.ts";

const METHODS = {
  post: Subscription_Method.METHOD_POST,
  put: Subscription_Method.METHOD_PUT,
  patch: Subscription_Method.METHOD_PATCH,
  get: Subscription_Method.METHOD_GET,
  delete: Subscription_Method.METHOD_DELETE,
};

const FORMATS = {
  standard: PayloadFormat.PAYLOAD_FORMAT_STANDARD,
  "cloudevents-binary": PayloadFormat.PAYLOAD_FORMAT_CLOUDEVENTS_BINARY,
  "cloudevents-structured": PayloadFormat.PAYLOAD_FORMAT_CLOUDEVENTS_STRUCTURED,
  raw: PayloadFormat.PAYLOAD_FORMAT_RAW,
  platform: PayloadFormat.PAYLOAD_FORMAT_PLATFORM,
};

const SIGNATURES = {
  "hmac-sha256": SignatureKind.SIGNATURE_KIND_HMAC_SHA256,
  ed25519: SignatureKind.SIGNATURE_KIND_ED25519,
};

const EXACT_BODY = "exact-body:";

/** What `subscriptions create` takes; what was not given is the platform's default. */
export interface SubscriptionOptions {
  readonly tenant: string;
  readonly url: string;
  readonly events: readonly string[];
  readonly description?: string;
  readonly method?: Subscription_Method;
  readonly format?: PayloadFormat;
  readonly header?: Readonly<Record<string, string>>;
  readonly signature?: SignatureKind;
  readonly ack?: Acknowledgement;
  /** Milliseconds. */
  readonly retry?: readonly number[];
  /** Milliseconds. */
  readonly maxAge?: number;
  /** Milliseconds. */
  readonly timeout?: number;
  readonly maxInFlight?: number;
  /** Per second. */
  readonly rate?: number;
}

/** `--signature`, with what stands for none. */
export function addSignatureOption(command: Command, otherwise: string): Command {
  const names = Object.keys(SIGNATURES).join(" or ");
  return command.option("--signature <kind>", `${names} (default: ${otherwise})`, oneOf(SIGNATURES));
}

/** Adds the options that describe a subscription. */
export function addSubscriptionOptions(command: Command): Command {
  return addSignatureOption(command, "hmac-sha256")
    .requiredOption("--tenant <id>", "who receives")
    .requiredOption("--url <url>", "where to send")
    .requiredOption("--events <list>", "event types or patterns: order.*,user_registered", commaSeparated)
    .option("--description <text>", "for people")
    .option("--method <method>", `${Object.keys(METHODS).join(", ")} (default: post)`, oneOf(METHODS))
    .option("--format <format>", `${Object.keys(FORMATS).join(", ")} (default: standard)`, oneOf(FORMATS))
    .option("--header <'Name: value'>", "sent with each delivery (repeatable)", header)
    .option("--ack <rule>", "status, json-status-success or exact-body:TEXT (default: status)", acknowledgement)
    .option(
      "--retry <list>",
      "waits before further attempts: 5s,30s,2m, or none for a single attempt (default: the platform's)",
      durationsMs,
    )
    .option("--max-age <duration>", "with --retry: no attempt later than this after acceptance: 1d", durationMs)
    .option("--timeout <duration>", "for the whole answer: 1s to 60s (default: 15s)", durationMs)
    .option("--max-in-flight <n>", "requests at the same time: 1 to 1000 (default: 64)", integer(1, 1000))
    .option("--rate <n>", "requests per second: 0.001 to 10000 (default: no limit)", positiveNumber);
}

/**
 * The subscription that the options describe.
 * @throws UsageError when --max-age comes without --retry
 */
export function toSubscription(options: SubscriptionOptions): Subscription {
  return {
    id: "",
    tenantId: options.tenant,
    callbackUrl: options.url,
    eventTypes: [...options.events],
    description: options.description ?? "",
    state: Subscription_State.STATE_UNSPECIFIED,
    disabledReason: "",
    pendingReason: "",
    consent: undefined,
    method: options.method ?? Subscription_Method.METHOD_UNSPECIFIED,
    payloadFormat: options.format ?? PayloadFormat.PAYLOAD_FORMAT_UNSPECIFIED,
    headers: { ...options.header },
    signature: options.signature ?? SignatureKind.SIGNATURE_KIND_UNSPECIFIED,
    acknowledgement: options.ack,
    retryPolicy: toRetryPolicy(options),
    limits: toLimits(options),
    secret: "",
    createTime: undefined,
    updateTime: undefined,
    failureStreak: undefined,
    publicKeys: [],
  };
}

function acknowledgement(text: string): Acknowledgement {
  if (text === "status") return { rule: Acknowledgement_Rule.RULE_STATUS, exactBody: "" };
  if (text === "json-status-success") return { rule: Acknowledgement_Rule.RULE_JSON_STATUS_SUCCESS, exactBody: "" };
  if (text.startsWith(EXACT_BODY) && text.length > EXACT_BODY.length) {
    return { rule: Acknowledgement_Rule.RULE_EXACT_BODY, exactBody: text.slice(EXACT_BODY.length) };
  }
  throw new InvalidArgumentError("It must be status, json-status-success or exact-body:TEXT.");
}

/** A policy is given as a whole: one without delays means a single attempt, which --max-age alone does not ask for. */
function toRetryPolicy({ retry, maxAge }: SubscriptionOptions): RetryPolicy | undefined {
  if (retry === undefined && maxAge !== undefined) throw new UsageError("--max-age needs --retry: 5s,30s,2m or none");
  if (retry === undefined) return undefined;
  return {
    delays: retry.map(encodeDuration),
    maxAge: maxAge === undefined ? undefined : encodeDuration(maxAge),
  };
}

function toLimits({ maxInFlight, rate, timeout }: SubscriptionOptions): Limits | undefined {
  if (maxInFlight === undefined && rate === undefined && timeout === undefined) return undefined;
  return {
    maxInFlight: maxInFlight ?? 0,
    ratePerSecond: rate ?? 0,
    timeout: timeout === undefined ? undefined : encodeDuration(timeout),
  };
}
