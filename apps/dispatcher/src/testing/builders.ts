import type { Event } from "@postrider/domain-event";
import { parseSigningSecret } from "@postrider/kit-signature";
import { createLogger, type Logger } from "@postrider/kit-telemetry";
import { encodeEvent, type RecordedAttempt } from "@postrider/records";
import type { LogRecord } from "@postrider/kit-event-log";
import type { Delivery } from "../delivery.ts";
import type { Endpoint, EndpointKey } from "../endpoint.ts";

/** From the test vectors of Standard Webhooks. */
export const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
export const OLDER_SECRET = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

/** 2026-01-01T00:00:00Z, where FakeClock starts. */
export const START_MS = 1_767_225_600_000;

export const silentLogger: Logger = createLogger({ service: "test", level: "silent" });

export function eventOf(changes: Partial<Event> = {}): Event {
  return {
    id: "evt_1",
    tenantId: "app-7",
    type: "order.paid",
    source: "postrider",
    timeMs: START_MS - 1500,
    acceptedAtMs: START_MS - 1000,
    contentType: "application/json",
    data: Buffer.from('{ "total" : 1.50 }\n'),
    ...changes,
  };
}

export function keyOf(secret: string, expiresAtMs = Infinity): EndpointKey {
  const parsed = parseSigningSecret(secret);
  if (parsed.kind === "invalid") throw new Error(parsed.reason);
  return { key: parsed.key, expiresAtMs };
}

export function endpointOf(changes: Partial<Endpoint> = {}): Endpoint {
  return {
    subscriptionId: "sub_1",
    url: "https://shop.example/hook",
    host: "shop.example",
    isPaused: false,
    isSuspected: false,
    method: "POST",
    format: "standard",
    headers: {},
    keys: [keyOf(SECRET)],
    acknowledgement: { kind: "status" },
    retryPolicy: { delaysMs: [5000, 30_000] },
    limits: { maxInFlight: 64 },
    timeoutMs: 15_000,
    ...changes,
  };
}

export function deliveryOf(changes: Partial<Delivery> = {}): Delivery {
  return { event: eventOf(), endpoint: endpointOf(), attempt: 1, ...changes };
}

export function attemptOf(changes: Partial<RecordedAttempt> = {}): RecordedAttempt {
  return {
    eventId: "evt_1",
    subscriptionId: "sub_1",
    tenantId: "app-7",
    eventType: "order.paid",
    number: 1,
    url: "https://shop.example/hook",
    startedAtMs: START_MS,
    durationUs: 20_000,
    eventTimeMs: START_MS - 1500,
    acceptedAtMs: START_MS - 1000,
    result: { kind: "responded", status: 200, isAcknowledged: true },
    bodyStart: new Uint8Array(),
    verdict: { kind: "delivered" },
    ...changes,
  };
}

/** The event as a record of the events topic. */
export function recordOf(offset: number, event: Partial<Event> = {}): LogRecord {
  const full = eventOf({ id: `evt_${offset}`, ...event });
  const { headers, value } = encodeEvent(full);
  return { partition: 0, offset, headers, value, appendedAtMs: full.acceptedAtMs };
}

/** What a promise rejected with. */
export async function failureOf(outcome: Promise<unknown>): Promise<unknown> {
  return outcome.then(
    () => {
      throw new Error("it did not fail");
    },
    (error: unknown) => error,
  );
}

/** Lets promises settle: a macrotask runs only when the microtask queue is empty. */
export async function settle(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}
