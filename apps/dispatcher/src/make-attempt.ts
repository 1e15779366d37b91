import { type AttemptResult, isAcknowledged, judge, readRetryAfter } from "@postrider/domain-delivery";
import type { Egress, EgressResult } from "@postrider/kit-egress";
import type { Clock, Random } from "@postrider/kit-lifecycle";
import type { RecordedAttempt } from "@postrider/records";
import type { Delivery } from "./delivery.ts";
import { buildRequest, type RefusedRequest } from "./request/build-request.ts";

/** Kept of a failed answer's body. */
const BODY_START_BYTES = 1024;
const NO_BYTES = new Uint8Array();

export interface MakeAttemptDeps {
  readonly egress: Pick<Egress, "send">;
  readonly clock: Clock;
  readonly random: Random;
  readonly userAgent: string;
  readonly createTraceparent: () => string;
}

/** An attempt, and what is for operators only: not recorded, since it may name addresses that are not the tenant's to know. */
export interface MadeAttempt extends RecordedAttempt {
  readonly remark?: string;
}

/** Sends one request of a delivery and judges what came back. Never rejects: whatever happened is the attempt's result. */
export async function makeAttempt(delivery: Delivery, deps: MakeAttemptDeps): Promise<MadeAttempt> {
  const { event, endpoint, attempt } = delivery;
  const startedAtMs = deps.clock.nowMs();
  const { createTraceparent, userAgent } = deps;
  const built = buildRequest(event, endpoint, { nowMs: startedAtMs, createTraceparent, userAgent });
  const sent = built.kind === "request" ? await deps.egress.send(built.request) : built;
  const nowMs = deps.clock.nowMs();
  const result = toAttemptResult(sent, delivery, nowMs);
  const context = { attempt, nowMs, acceptedAtMs: event.acceptedAtMs, random: deps.random() };
  const verdict = judge(result, context, endpoint.retryPolicy);
  return {
    eventId: event.id,
    subscriptionId: endpoint.subscriptionId,
    tenantId: event.tenantId,
    eventType: event.type,
    number: attempt,
    url: endpoint.url,
    startedAtMs,
    durationUs: "durationUs" in sent ? sent.durationUs : 0,
    eventTimeMs: event.timeMs,
    acceptedAtMs: event.acceptedAtMs,
    result,
    bodyStart: verdict.kind !== "delivered" && sent.kind === "responded" ? startOf(sent.body) : NO_BYTES,
    verdict,
    ...("message" in sent ? { remark: sent.message } : {}),
  };
}

function toAttemptResult(sent: EgressResult | RefusedRequest, { endpoint }: Delivery, nowMs: number): AttemptResult {
  switch (sent.kind) {
    case "responded": {
      const text = endpoint.acknowledgement.kind === "status" ? "" : Buffer.from(sent.body).toString("utf8");
      const isMet = isAcknowledged(endpoint.acknowledgement, sent.status, text);
      const answer = { kind: "responded", status: sent.status, isAcknowledged: isMet } as const;
      return sent.retryAfter === undefined ? answer : { ...answer, ...readRetryAfter(sent.retryAfter, nowMs) };
    }
    case "unreachable":
      return {
        kind: "unreachable",
        reason: sent.reason,
        ...(sent.detail === undefined ? {} : { detail: sent.detail }),
      };
    case "refused":
      return { kind: "refused", reason: sent.reason };
  }
}

function startOf(body: Uint8Array): Uint8Array {
  return body.subarray(0, BODY_START_BYTES);
}
