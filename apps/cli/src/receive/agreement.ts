import { parseJsonOrText } from "../output/json.ts";
import type { ReceivedRequest } from "./received-webhook.ts";

/** What to answer to a platform that asks whether deliveries are wanted here. */
export interface Agreement {
  readonly kind: "challenge" | "cloudevents";
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/**
 * Agrees to whatever asks: by the echo of a challenge, or by a permission without bounds in the handshake of CloudEvents' Web
 * Hooks for Event Delivery. Undefined for what is no such question.
 */
export function findAgreement({ method, headers, body }: ReceivedRequest): Agreement | undefined {
  const origin = headers["webhook-request-origin"];
  if (method === "OPTIONS" && origin !== undefined) {
    const allowed = { "webhook-allowed-origin": origin, "webhook-allowed-rate": "*", allow: "POST" };
    return { kind: "cloudevents", headers: allowed, body: "" };
  }
  const question = parseJsonOrText(body.toString("utf8"));
  if (typeof question !== "object" || question === null) return undefined;
  if (!("type" in question) || question.type !== "url_verification" || !("challenge" in question)) return undefined;
  const echo = JSON.stringify({ challenge: question.challenge });
  return { kind: "challenge", headers: { "content-type": "application/json" }, body: echo };
}
