import { checkEvent, type Event } from "@postrider/domain-event";
import type { AppendRecord, LogRecord } from "@postrider/kit-event-log";
import { TOPICS } from "./topics.ts";

/*
 * Events stand in their topic as CloudEvents 1.0 in Kafka's binary content mode (CloudEvents Kafka protocol binding
 * 1.0.2, section 3.2): attributes as headers `ce_<name>`, the data untouched as the value. The tenant is the extension
 * `tenantid`. The acceptance time is the log's own time of the append, so that no clock but the log's decides it.
 */

/** Date.parse takes more, and reads a time without a zone as the machine's own. */
const RFC_3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/i;

/** The record to append for an accepted event. */
export function encodeEvent(event: Omit<Event, "acceptedAtMs">): AppendRecord {
  const headers: Record<string, string> = {
    ce_specversion: "1.0",
    ce_id: event.id,
    ce_type: event.type,
    ce_source: event.source,
    ce_time: new Date(event.timeMs).toISOString(),
    ce_tenantid: event.tenantId,
    "content-type": event.contentType,
  };
  if (event.orderingKey !== undefined) headers["ce_partitionkey"] = event.orderingKey;
  return { topic: TOPICS.events, key: event.orderingKey ?? event.id, headers, value: event.data };
}

export type DecodedEvent =
  { readonly kind: "event"; readonly event: Event } | { readonly kind: "malformed"; readonly reason: string };

/** Reads a record of the events topic. Anybody with access to the log may have written it: it is checked like a request. */
export function decodeEvent(record: LogRecord): DecodedEvent {
  const { headers } = record;
  if (headers["ce_specversion"] !== "1.0") return malformed("ce_specversion should be 1.0");
  const time = headers["ce_time"];
  const timeMs = time === undefined ? record.appendedAtMs : parseTime(time);
  if (Number.isNaN(timeMs)) return malformed(`ce_time ${JSON.stringify(time)} should be an RFC 3339 time`);
  const event = {
    id: headers["ce_id"] ?? "",
    tenantId: headers["ce_tenantid"] ?? "",
    type: headers["ce_type"] ?? "",
    source: headers["ce_source"] ?? "",
    timeMs,
    acceptedAtMs: record.appendedAtMs,
    contentType: headers["content-type"] || "application/json",
    ...(headers["ce_partitionkey"] === undefined ? {} : { orderingKey: headers["ce_partitionkey"] }),
    data: record.value,
  };
  if (event.id === "") return malformed("ce_id is missing");
  const violations = checkEvent({ ...event, dataBytes: record.value.byteLength });
  if (violations.length === 0) return { kind: "event", event };
  return malformed(violations.map(({ field, description }) => `${field}: ${description}`).join("; "));
}

function parseTime(text: string): number {
  return RFC_3339.test(text) ? Date.parse(text) : Number.NaN;
}

function malformed(reason: string): DecodedEvent {
  return { kind: "malformed", reason };
}

/** The record that keeps a malformed one, whole, with the reason why it is none. */
export function encodeQuarantined(record: LogRecord, reason: string): AppendRecord {
  const headers = { ...record.headers, "postrider-reason": reason, "postrider-offset": String(record.offset) };
  return { topic: TOPICS.quarantine, headers, value: record.value };
}
