export { checkEvent, type EventCandidate } from "./check-event.ts";
export { isContentType, isJsonContentType, MAX_CONTENT_TYPE_CHARS } from "./content-type.ts";
export { createEventId } from "./event-id.ts";
export {
  isEventTypeName,
  isEventTypePattern,
  isOperationalType,
  matchesAny,
  matchesPattern,
  MAX_EVENT_TYPE_CHARS,
} from "./event-type.ts";
export { MAX_EVENT_DATA_BYTES, type Event } from "./event.ts";
export { isEventId, isTenantId } from "./identifiers.ts";
export { quote, type Violation } from "./violation.ts";
