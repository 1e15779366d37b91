import type { Event } from "@postrider/domain-event";
import type { DeadLetter, RecordedAttempt } from "@postrider/records";
import { deliveryIdOf } from "@postrider/records";
import type { LedgerEntry } from "../store/ledger-entry.ts";

/** 2026-01-01T12:00:00Z: within a day, so that a few hours more or less stay in it. */
export const NOON_MS = 1_767_268_800_000;

export function eventOf(changes: Partial<Event> = {}): Event {
  return {
    id: "evt_1",
    tenantId: "acme",
    type: "order.paid",
    source: "shop",
    timeMs: NOON_MS - 1500,
    acceptedAtMs: NOON_MS,
    contentType: "application/json",
    orderingKey: "order-7",
    data: Buffer.from('{ "total" : 1.50 }\n'),
    ...changes,
  };
}

export function attemptOf(changes: Partial<RecordedAttempt> = {}): RecordedAttempt {
  return {
    eventId: "evt_1",
    subscriptionId: "sub_1",
    tenantId: "acme",
    eventType: "order.paid",
    number: 1,
    url: "https://shop.example/hook",
    startedAtMs: NOON_MS + 10,
    durationUs: 20_400,
    eventTimeMs: NOON_MS - 1500,
    acceptedAtMs: NOON_MS,
    result: { kind: "responded", status: 204, isAcknowledged: true },
    bodyStart: Buffer.alloc(0),
    verdict: { kind: "delivered" },
    ...changes,
  };
}

/** One that failed, and is made again five seconds later. */
export function failedAttemptOf(changes: Partial<RecordedAttempt> = {}): RecordedAttempt {
  const startedAtMs = changes.startedAtMs ?? NOON_MS + 10;
  return attemptOf({
    result: { kind: "responded", status: 503, isAcknowledged: false, retryAfterMs: 5000 },
    bodyStart: Buffer.from([0, 255, 13, 10, 128]),
    verdict: { kind: "retry", atMs: startedAtMs + 5000 },
    ...changes,
  });
}

export function letterOf(changes: Partial<DeadLetter> = {}): DeadLetter {
  const { event = eventOf(), subscriptionId = "sub_1" } = changes;
  return {
    ...{ event, subscriptionId, deliveryId: deliveryIdOf(event.id, subscriptionId) },
    ...{ attempts: 0, reason: "expired", diedAtMs: NOON_MS + 60_000 },
    ...changes,
  };
}

export const ofEvent = (event: Event): LedgerEntry => ({ kind: "event", event });
export const ofAttempt = (attempt: RecordedAttempt): LedgerEntry => ({ kind: "attempt", attempt });
export const ofLetter = (letter: DeadLetter): LedgerEntry => ({ kind: "dead_letter", letter });
