import { isContentType, MAX_CONTENT_TYPE_CHARS } from "./content-type.ts";
import { isEventTypeName, MAX_EVENT_TYPE_CHARS } from "./event-type.ts";
import { MAX_EVENT_DATA_BYTES } from "./event.ts";
import { isEventId, isTenantId } from "./identifiers.ts";
import { quote, type Violation } from "./violation.ts";

/** An event's fields as a producer gave them. An optional text that is empty counts as not given. */
export interface EventCandidate {
  readonly id?: string | undefined;
  readonly tenantId: string;
  readonly type: string;
  readonly source?: string | undefined;
  /** Milliseconds since the epoch. */
  readonly timeMs?: number | undefined;
  readonly contentType?: string | undefined;
  readonly orderingKey?: string | undefined;
  /** Undefined: no data given. Empty data is data. */
  readonly dataBytes?: number | undefined;
}

const MAX_SOURCE_CHARS = 256;
const MAX_ORDERING_KEY_CHARS = 256;
// RFC 3339 has four digits for the year: 9999-12-31T23:59:59.999Z.
const MAX_TIME_MS = 253_402_300_799_999;

// The characters of RFC 3986, percent signs only before two hex digits. CloudEvents asks for a URI reference, and
// receivers whose library parses it refuse the whole event if it is none.
const URI_REFERENCE = /^(?:[A-Za-z0-9\-._~:/?#[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})+$/;
const CONTROL_CHARACTER = /\p{Cc}/u;

/** Everything that is wrong with the candidate, field by field as named in the proto; empty when it may be accepted. */
export function checkEvent(candidate: EventCandidate): readonly Violation[] {
  const violations: Violation[] = [];
  const check = (field: string, description: string | undefined): void => {
    if (description !== undefined) violations.push({ field: `event.${field}`, description });
  };
  check("id", checkId(candidate.id));
  check("tenant_id", checkTenantId(candidate.tenantId));
  check("type", checkType(candidate.type));
  check("time", checkTime(candidate.timeMs));
  check("source", checkSource(candidate.source));
  check("data", checkData(candidate.dataBytes));
  check("content_type", checkContentType(candidate.contentType));
  check("ordering_key", checkOrderingKey(candidate.orderingKey));
  return violations;
}

function checkId(id = ""): string | undefined {
  if (id === "" || isEventId(id)) return undefined;
  return `${quote(id)} is not 1 to 64 letters, digits, "_" or "-"`;
}

function checkTenantId(tenantId: string): string | undefined {
  if (tenantId === "") return "is required";
  return isTenantId(tenantId) ? undefined : `${quote(tenantId)} is not 1 to 64 letters, digits, "_" or "-"`;
}

function checkType(type: string): string | undefined {
  if (type === "") return "is required";
  if (isEventTypeName(type)) return undefined;
  return `${quote(type)} is not a name such as order_paid or order.paid, of up to ${MAX_EVENT_TYPE_CHARS} letters, digits, "_" and "."`;
}

function checkTime(timeMs: number | undefined): string | undefined {
  if (timeMs === undefined || (timeMs >= 0 && timeMs <= MAX_TIME_MS)) return undefined;
  return `${timeMs} ms since the epoch is not within the years 1970 to 9999`;
}

function checkSource(source = ""): string | undefined {
  if (source === "" || (source.length <= MAX_SOURCE_CHARS && URI_REFERENCE.test(source))) return undefined;
  return `${quote(source)} (${source.length} characters) is not a URI reference of up to ${MAX_SOURCE_CHARS} characters`;
}

function checkData(dataBytes: number | undefined): string | undefined {
  if (dataBytes === undefined) return "is required: binary_data or json_data, which may be empty";
  if (dataBytes <= MAX_EVENT_DATA_BYTES) return undefined;
  return `${dataBytes} bytes are more than ${MAX_EVENT_DATA_BYTES}`;
}

function checkContentType(contentType = ""): string | undefined {
  if (contentType === "" || isContentType(contentType)) return undefined;
  return `${quote(contentType)} is not a media type such as application/json, of up to ${MAX_CONTENT_TYPE_CHARS} characters`;
}

function checkOrderingKey(key = ""): string | undefined {
  if (key.length > MAX_ORDERING_KEY_CHARS) {
    return `${quote(key)} has ${key.length} characters, more than ${MAX_ORDERING_KEY_CHARS}`;
  }
  if (CONTROL_CHARACTER.test(key) || !key.isWellFormed()) return `${quote(key)} has control or broken characters`;
  return undefined;
}
