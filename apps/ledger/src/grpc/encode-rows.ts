import { isUtf8 } from "node:buffer";
import type { Duration } from "@postrider/contracts/google/protobuf/duration";
import {
  type AcceptedEvent,
  type Attempt,
  Attempt_Verdict as Verdict,
  type Delivery,
} from "@postrider/contracts/postrider/v1/delivery";
import type { Event } from "@postrider/contracts/postrider/v1/ingest";
import { isJsonContentType } from "@postrider/domain-event";
import type { AttemptRow, DeliveryRow, EventRow } from "../store/ledger-schema.ts";
import type { ListedEventRow } from "../store/ledger-store.ts";
import { STATES } from "./decode-requests.ts";

const VERDICTS = {
  delivered: Verdict.VERDICT_DELIVERED,
  retry: Verdict.VERDICT_RETRY,
  dead: Verdict.VERDICT_DEAD,
} as const satisfies Record<AttemptRow["verdict"], Verdict>;

export function encodeListedEvent(row: ListedEventRow): AcceptedEvent {
  return {
    event: {
      id: row.id,
      tenantId: row.tenant_id,
      type: row.type,
      time: new Date(row.time_ms),
      source: row.source,
      data: undefined,
      contentType: row.content_type,
      orderingKey: row.ordering_key ?? "",
    },
    acceptTime: new Date(row.accepted_at_ms),
    dataBytes: row.data_bytes,
    dataTruncated: false,
  };
}

export function encodeEvent(row: EventRow): AcceptedEvent {
  const listed = encodeListedEvent(row);
  return {
    ...listed,
    event: listed.event && { ...listed.event, data: encodeData(row) },
    dataTruncated: row.data.byteLength < row.data_bytes,
  };
}

/** As text where it is JSON, whatever the producer used: so people can read it. */
function encodeData({ data, data_bytes: dataBytes, content_type: contentType }: EventRow): Event["data"] {
  // A view: blobs of one answer of SQLite share a buffer.
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  const isWhole = bytes.byteLength === dataBytes;
  if (isWhole && isJsonContentType(contentType) && isUtf8(bytes)) return { $case: "jsonData", value: bytes.toString() };
  return { $case: "binaryData", value: bytes };
}

export function encodeDelivery(row: DeliveryRow): Delivery {
  return {
    id: row.id,
    eventId: row.event_id,
    tenantId: row.tenant_id,
    subscriptionId: row.subscription_id,
    eventType: row.event_type,
    state: STATES[row.state],
    attemptCount: row.attempts,
    eventTime: new Date(row.event_time_ms),
    acceptTime: new Date(row.accepted_at_ms),
    lastAttemptTime: toDate(row.last_attempt_at_ms),
    nextAttemptTime: toDate(row.until_ms),
    deliverTime: toDate(row.delivered_at_ms),
    deadReason: row.dead_reason ?? "",
  };
}

export function encodeAttempt(row: AttemptRow): Attempt {
  return {
    number: row.number,
    startTime: new Date(row.started_at_ms),
    duration: { seconds: BigInt(Math.floor(row.duration_us / 1e6)), nanos: (row.duration_us % 1e6) * 1000 },
    url: row.url,
    result: encodeResult(row),
    verdict: VERDICTS[row.verdict],
    retryTime: toDate(row.retry_at_ms),
    deadReason: row.dead_reason ?? "",
  };
}

function encodeResult(row: AttemptRow): Attempt["result"] {
  if (row.unreachable_reason !== null) {
    const value = { reason: row.unreachable_reason, detail: row.unreachable_detail ?? "" };
    return { $case: "unreachable", value };
  }
  if (row.refused_reason !== null) return { $case: "refused", value: { reason: row.refused_reason } };
  return {
    $case: "response",
    value: {
      status: row.status ?? 0,
      acknowledged: row.is_acknowledged === 1,
      bodyStart: Buffer.from(row.body_start),
      retryAfter: row.retry_after_ms === null ? undefined : toDuration(row.retry_after_ms),
    },
  };
}

function toDuration(ms: number): Duration {
  return { seconds: BigInt(Math.floor(ms / 1000)), nanos: (ms % 1000) * 1e6 };
}

function toDate(ms: number | null): Date | undefined {
  return ms === null ? undefined : new Date(ms);
}
