import { parseJsonOrText } from "../output/json.ts";
import { toPrintable } from "../output/printable.ts";
import type { PlannedAnswer } from "./answer-plan.ts";
import type { Verification } from "./verify-webhook.ts";

/** A request as it came in. */
export interface ReceivedRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly receivedAt: Date;
}

/** A request, what was found about it, and what is done with it. */
export interface ReceivedWebhook {
  /** Counted from 1 over all requests. */
  readonly number: number;
  readonly request: ReceivedRequest;
  readonly verification: Verification;
  readonly answer: PlannedAnswer;
}

/** One line of JSON: `body` is the JSON value, or the text if it is not JSON. */
export function toWebhookJson({ number, request, verification, answer }: ReceivedWebhook): object {
  const { headers } = request;
  const body = parseJsonOrText(request.body.toString("utf8"));
  return {
    number,
    id: headers["webhook-id"],
    type: typeOf(headers, body),
    verification: verification.kind,
    reason: verification.kind === "failed" ? verification.reason : undefined,
    status: answer.kind === "answer" ? answer.status : null,
    receivedAt: request.receivedAt.toISOString(),
    method: request.method,
    path: request.path,
    headers,
    body,
  };
}

/** For people: a line that tells the outcome, and the body below it. */
export function formatWebhook({ number, request, verification, answer }: ReceivedWebhook): string {
  const { headers, method, path } = request;
  const body = parseJsonOrText(request.body.toString("utf8"));
  const verdict = verification.kind === "failed" ? `NOT VERIFIED (${verification.reason})` : verification.kind;
  const answered = answer.kind === "hang" ? "no answer" : `answered ${answer.status}`;
  const line = `#${number} ${typeOf(headers, body) ?? "?"} ${headers["webhook-id"] ?? "without id"}  ${verdict}, ${answered}`;
  const text = typeof body === "string" ? body : JSON.stringify(body, undefined, 2);
  return toPrintable(`${line}\n  ${method} ${path}\n${text.replaceAll(/^/gm, "  ")}\n`);
}

/** Where the formats carry it: the envelope's `type` or `event`, or CloudEvents' header. */
function typeOf(headers: Readonly<Record<string, string>>, body: unknown): string | undefined {
  if (headers["ce-type"] !== undefined) return headers["ce-type"];
  if (typeof body !== "object" || body === null) return undefined;
  if ("type" in body && typeof body.type === "string") return body.type;
  return "event" in body && typeof body.event === "string" ? body.event : undefined;
}
