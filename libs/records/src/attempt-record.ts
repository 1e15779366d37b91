import { Attempt, AttemptBatch } from "@postrider/contracts/postrider/log/v1/delivery";
import type { AttemptResult, Verdict } from "@postrider/domain-delivery";
import type { AppendRecord } from "@postrider/kit-event-log";
import { TOPICS } from "./topics.ts";

/** One HTTP request of a delivery, as it is recorded. The delivery's id follows from the event's and the subscription's. */
export interface RecordedAttempt {
  readonly eventId: string;
  readonly subscriptionId: string;
  readonly tenantId: string;
  readonly eventType: string;
  /** From 1. */
  readonly number: number;
  readonly url: string;
  readonly startedAtMs: number;
  readonly durationUs: number;
  readonly eventTimeMs: number;
  readonly acceptedAtMs: number;
  readonly result: AttemptResult;
  /** The start of the answer's body; empty for successes. */
  readonly bodyStart: Uint8Array;
  readonly verdict: Verdict;
}

/** Several attempts as one record, since a record costs more than an attempt. */
export function encodeAttempts(attempts: readonly RecordedAttempt[]): AppendRecord {
  const value = AttemptBatch.encode({ attempts: attempts.map(toMessage) }).finish();
  return { topic: TOPICS.attempts, headers: {}, value };
}

/** @throws Error when the bytes are no AttemptBatch */
export function decodeAttempts(value: Uint8Array): readonly RecordedAttempt[] {
  return AttemptBatch.decode(value).attempts.map(fromMessage);
}

function toMessage(attempt: RecordedAttempt): Attempt {
  return {
    eventId: attempt.eventId,
    subscriptionId: attempt.subscriptionId,
    tenantId: attempt.tenantId,
    eventType: attempt.eventType,
    number: attempt.number,
    url: attempt.url,
    startedAtMs: BigInt(attempt.startedAtMs),
    durationUs: Math.min(Math.round(attempt.durationUs), 0xffffffff),
    eventTimeMs: BigInt(attempt.eventTimeMs),
    acceptedAtMs: BigInt(attempt.acceptedAtMs),
    result: toResultMessage(attempt),
    verdict: toVerdictMessage(attempt.verdict),
  };
}

function toResultMessage({ result, bodyStart }: RecordedAttempt): Attempt["result"] {
  switch (result.kind) {
    case "responded": {
      const { status, isAcknowledged, retryAfterMs, isRetryAfterClamped = false } = result;
      const asked = retryAfterMs === undefined ? undefined : BigInt(Math.round(retryAfterMs));
      return {
        $case: "responded",
        value: {
          ...{ status, isAcknowledged, bodyStart: Buffer.from(bodyStart) },
          ...{ retryAfterMs: asked, isRetryAfterClamped },
        },
      };
    }
    case "unreachable":
      return { $case: "unreachable", value: { reason: result.reason, detail: result.detail ?? "" } };
    case "refused":
      return { $case: "refused", value: { reason: result.reason } };
  }
}

function toVerdictMessage(verdict: Verdict): Attempt["verdict"] {
  switch (verdict.kind) {
    case "delivered":
      return { $case: "delivered", value: {} };
    case "retry":
      return { $case: "retry", value: { atMs: BigInt(Math.round(verdict.atMs)) } };
    case "dead":
      return { $case: "dead", value: { reason: verdict.reason } };
  }
}

function fromMessage(message: Attempt): RecordedAttempt {
  return {
    eventId: message.eventId,
    subscriptionId: message.subscriptionId,
    tenantId: message.tenantId,
    eventType: message.eventType,
    number: message.number,
    url: message.url,
    startedAtMs: Number(message.startedAtMs),
    durationUs: message.durationUs,
    eventTimeMs: Number(message.eventTimeMs),
    acceptedAtMs: Number(message.acceptedAtMs),
    result: fromResultMessage(message.result),
    bodyStart: message.result?.$case === "responded" ? message.result.value.bodyStart : new Uint8Array(),
    verdict: fromVerdictMessage(message.verdict),
  };
}

function fromResultMessage(result: Attempt["result"]): AttemptResult {
  switch (result?.$case) {
    case "responded": {
      const { status, isAcknowledged, retryAfterMs, isRetryAfterClamped } = result.value;
      return {
        ...{ kind: "responded", status, isAcknowledged },
        ...(retryAfterMs === undefined ? {} : { retryAfterMs: Number(retryAfterMs) }),
        ...(isRetryAfterClamped ? { isRetryAfterClamped } : {}),
      };
    }
    case "unreachable": {
      const { reason, detail } = result.value;
      const unreachable = { kind: "unreachable", reason: reason as UnreachableReason } as const;
      return detail === "" ? unreachable : { ...unreachable, detail };
    }
    case "refused":
      return { kind: "refused", reason: result.value.reason };
    case undefined:
      throw new Error("an attempt without a result");
  }
}

function fromVerdictMessage(verdict: Attempt["verdict"]): Verdict {
  switch (verdict?.$case) {
    case "delivered":
      return { kind: "delivered" };
    case "retry":
      return { kind: "retry", atMs: Number(verdict.value.atMs) };
    case "dead":
      return { kind: "dead", reason: verdict.value.reason as DeadReason };
    case undefined:
      throw new Error("an attempt without a verdict");
  }
}

type UnreachableReason = Extract<AttemptResult, { kind: "unreachable" }>["reason"];
type DeadReason = Extract<Verdict, { kind: "dead" }>["reason"];
