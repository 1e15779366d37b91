export { decide, type EventTypeCommand, type EventTypeDecision } from "./decide.ts";
export { describeReserved } from "./check-content.ts";
export { findOperationalType, OPERATIONAL_TYPES } from "./operational-types.ts";
export {
  ABSENT,
  evolve,
  type EventType,
  type EventTypeContent,
  type EventTypeEvent,
  type Example,
  type ListedEventType,
} from "./event-type.ts";
