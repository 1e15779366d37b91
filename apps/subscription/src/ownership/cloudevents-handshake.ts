import type { VerificationOutcome } from "@postrider/domain-subscription";
import type { EgressRequest, EgressResult } from "@postrider/kit-egress";
import { ANSWER_TIMEOUT_MS, describeObstacle } from "./describe-result.ts";
import type { AskedUrl } from "./url-verifier.ts";

// The validation handshake of CloudEvents' "HTTP 1.1 Web Hooks for Event Delivery" 1.0, section 4. Its answer by a later
// request (WebHook-Request-Callback) is not offered: Postrider takes no HTTP from outside. VerifySubscription asks again instead.

const ALLOWED_ORIGIN = "webhook-allowed-origin";
const ALLOWED_RATE = "webhook-allowed-rate";

/** OPTIONS, with who wants to deliver, and how often if the subscription has a limit. */
export function createHandshake(
  { callbackUrl, headers, ratePerSecond }: AskedUrl,
  { origin, userAgent }: { readonly origin: string; readonly userAgent: string },
): EgressRequest {
  return {
    url: callbackUrl,
    method: "OPTIONS",
    headers: {
      ...headers,
      "user-agent": userAgent,
      "webhook-request-origin": origin,
      ...(ratePerSecond !== undefined && { "webhook-request-rate": toPerMinute(ratePerSecond) }),
    },
    timeoutMs: ANSWER_TIMEOUT_MS,
    keepBodyBytes: 0,
    keepHeaders: [ALLOWED_ORIGIN, ALLOWED_RATE],
  };
}

/**
 * Consent is 2xx with WebHook-Allowed-Origin that names us or everybody. Any server answers OPTIONS, so the status alone says
 * nothing (section 4.2). A rate that can't be read is none that was agreed to.
 */
export function judgePermission(origin: string, result: EgressResult): VerificationOutcome {
  const obstacle = describeObstacle(result);
  if (result.kind !== "responded" || obstacle !== undefined) {
    return { kind: "not_agreed", reason: obstacle ?? "the callback URL did not answer" };
  }
  const { [ALLOWED_ORIGIN]: allowedOrigin, [ALLOWED_RATE]: allowedRate } = result.headers ?? {};
  if (allowedOrigin === undefined) {
    return { kind: "not_agreed", reason: "the callback URL answered without WebHook-Allowed-Origin" };
  }
  if (allowedOrigin !== "*" && allowedOrigin.toLowerCase() !== origin.toLowerCase()) {
    return { kind: "not_agreed", reason: `the callback URL allows another origin than ${origin}` };
  }
  const allowedRatePerSecond = readRate(allowedRate);
  if (allowedRatePerSecond === "unreadable") {
    return { kind: "not_agreed", reason: "the callback URL answered with a WebHook-Allowed-Rate that is none" };
  }
  const rate = allowedRatePerSecond === undefined ? {} : { allowedRatePerSecond };
  return { kind: "agreed", consent: { by: "cloudevents", origin, ...rate } };
}

/** A whole number of requests per minute, from 1 on; `*` or nothing for no bound. As a rate per second. */
function readRate(text: string | undefined): number | undefined | "unreadable" {
  if (text === undefined || text === "*") return undefined;
  return /^[1-9]\d{0,8}$/.test(text) ? Number(text) / 60 : "unreadable";
}

/** The least that the handshake can ask for is one a minute. */
function toPerMinute(ratePerSecond: number): string {
  return String(Math.max(1, Math.floor(ratePerSecond * 60)));
}
