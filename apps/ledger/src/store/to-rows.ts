import {
  type AttemptRecorded,
  type AttemptResult,
  type DeadReason,
  type DeliveryState,
  evolveDelivery,
  INITIAL_DELIVERY_STATE,
  type Verdict,
} from "@postrider/domain-delivery";
import type { Event } from "@postrider/domain-event";
import { type DeadLetter, deliveryIdOf, type RecordedAttempt } from "@postrider/records";
import type { LedgerEntry } from "./ledger-entry.ts";
import type { AttemptRow, DeliveryRow, EventRow } from "./ledger-schema.ts";

/** What some entries are in the tables. */
export interface LedgerRows {
  readonly events: readonly EventRow[];
  readonly attempts: readonly AttemptRow[];
  /** Folded over these entries: one for each delivery, to be joined with what stands there. */
  readonly deliveries: readonly DeliveryRow[];
}

/**
 * In the order of their keys: two processes that write the same rows then lock them in the same order, and never each
 * wait for the other.
 * @param keptDataBytes of an event's data
 */
export function toRows(entries: readonly LedgerEntry[], keptDataBytes: number): LedgerRows {
  const events: EventRow[] = [];
  const attempts: AttemptRow[] = [];
  const deliveries = new Map<string, FoldedDelivery>();
  for (const entry of entries) {
    if (entry.kind === "event") events.push(toEventRow(entry.event, keptDataBytes));
    else if (entry.kind === "dead_letter") fold(deliveries, recordOfLetter(entry.letter));
    else {
      const deliveryId = deliveryIdOf(entry.attempt.eventId, entry.attempt.subscriptionId);
      attempts.push(toAttemptRow(entry.attempt, deliveryId));
      fold(deliveries, recordOfAttempt(entry.attempt, deliveryId));
    }
  }
  return {
    events: events.sort((a, b) => compare(a, b, a.id < b.id)),
    attempts: attempts.sort((a, b) => compare(a, b, precedes(a, b))),
    deliveries: [...deliveries.values()].map(toDeliveryRow).sort((a, b) => compare(a, b, a.id < b.id)),
  };
}

type Keyed = Pick<EventRow, "accepted_at_ms">;

function compare(a: Keyed, b: Keyed, isBefore: boolean): number {
  return a.accepted_at_ms - b.accepted_at_ms || (isBefore ? -1 : 1);
}

function precedes(a: AttemptRow, b: AttemptRow): boolean {
  if (a.delivery_id !== b.delivery_id) return a.delivery_id < b.delivery_id;
  return a.number === b.number ? a.started_at_ms < b.started_at_ms : a.number < b.number;
}

type DeliveryFacts = Omit<
  DeliveryRow,
  "state" | "attempts" | "last_attempt_at_ms" | "until_ms" | "delivered_at_ms" | "dead_reason"
>;

interface DeliveryRecord {
  readonly facts: DeliveryFacts;
  readonly recorded: AttemptRecorded;
  readonly startedAtMs: number | null;
}

interface FoldedDelivery {
  readonly facts: DeliveryFacts;
  state: DeliveryState;
  lastAttemptAtMs: number | null;
}

function fold(deliveries: Map<string, FoldedDelivery>, { facts, recorded, startedAtMs }: DeliveryRecord): void {
  const key = `${facts.accepted_at_ms} ${facts.id}`;
  let folded = deliveries.get(key);
  if (!folded) deliveries.set(key, (folded = { facts, state: INITIAL_DELIVERY_STATE, lastAttemptAtMs: null }));
  folded.state = evolveDelivery(folded.state, recorded);
  if (startedAtMs !== null) folded.lastAttemptAtMs = Math.max(startedAtMs, folded.lastAttemptAtMs ?? startedAtMs);
}

function recordOfAttempt(attempt: RecordedAttempt, deliveryId: string): DeliveryRecord {
  return {
    facts: {
      accepted_at_ms: attempt.acceptedAtMs,
      id: deliveryId,
      event_id: attempt.eventId,
      tenant_id: attempt.tenantId,
      subscription_id: attempt.subscriptionId,
      event_type: attempt.eventType,
      event_time_ms: attempt.eventTimeMs,
    },
    recorded: {
      attempt: attempt.number,
      atMs: Math.round(attempt.startedAtMs + attempt.durationUs / 1000),
      verdict: attempt.verdict,
    },
    startedAtMs: attempt.startedAtMs,
  };
}

/** The death of a delivery is one more thing that is known after its last attempt, or before its first. */
function recordOfLetter({ event, subscriptionId, deliveryId, attempts, reason, diedAtMs }: DeadLetter): DeliveryRecord {
  return {
    facts: {
      accepted_at_ms: event.acceptedAtMs,
      id: deliveryId,
      event_id: event.id,
      tenant_id: event.tenantId,
      subscription_id: subscriptionId,
      event_type: event.type,
      event_time_ms: event.timeMs,
    },
    // Letters know reasons that no verdict has, such as undeferrable; the fold takes any.
    recorded: { attempt: attempts, atMs: diedAtMs, verdict: { kind: "dead", reason: reason as DeadReason } },
    startedAtMs: null,
  };
}

function toDeliveryRow({ facts, state, lastAttemptAtMs }: FoldedDelivery): DeliveryRow {
  // Each has one record at least, and none of them leaves a delivery pending.
  if (state.kind === "pending") throw new Error(`${facts.id} has no record`);
  return {
    ...facts,
    state: state.kind,
    attempts: state.attempts,
    last_attempt_at_ms: lastAttemptAtMs,
    until_ms: state.kind === "waiting" ? state.untilMs : null,
    delivered_at_ms: state.kind === "delivered" ? state.atMs : null,
    dead_reason: state.kind === "dead" ? state.reason : null,
  };
}

function toEventRow(event: Event, keptDataBytes: number): EventRow {
  return {
    accepted_at_ms: event.acceptedAtMs,
    id: event.id,
    tenant_id: event.tenantId,
    type: event.type,
    source: event.source,
    time_ms: event.timeMs,
    content_type: event.contentType,
    ordering_key: event.orderingKey ?? null,
    data_bytes: event.data.byteLength,
    data: event.data.subarray(0, keptDataBytes),
  };
}

function toAttemptRow(attempt: RecordedAttempt, deliveryId: string): AttemptRow {
  return {
    accepted_at_ms: attempt.acceptedAtMs,
    delivery_id: deliveryId,
    number: attempt.number,
    started_at_ms: attempt.startedAtMs,
    duration_us: attempt.durationUs,
    url: attempt.url,
    body_start: attempt.bodyStart,
    ...toResultColumns(attempt.result),
    ...toVerdictColumns(attempt.verdict),
  };
}

const NO_RESULT = {
  ...{ status: null, is_acknowledged: 0, retry_after_ms: null },
  ...{ unreachable_reason: null, unreachable_detail: null, refused_reason: null },
};

function toResultColumns(result: AttemptResult): Pick<AttemptRow, keyof typeof NO_RESULT> {
  switch (result.kind) {
    case "responded": {
      const { status, isAcknowledged, retryAfterMs = null } = result;
      return { ...NO_RESULT, status, is_acknowledged: isAcknowledged ? 1 : 0, retry_after_ms: retryAfterMs };
    }
    case "unreachable":
      return { ...NO_RESULT, unreachable_reason: result.reason, unreachable_detail: result.detail ?? null };
    case "refused":
      return { ...NO_RESULT, refused_reason: result.reason };
  }
}

function toVerdictColumns(verdict: Verdict): Pick<AttemptRow, "verdict" | "retry_at_ms" | "dead_reason"> {
  return {
    verdict: verdict.kind,
    retry_at_ms: verdict.kind === "retry" ? verdict.atMs : null,
    dead_reason: verdict.kind === "dead" ? verdict.reason : null,
  };
}
