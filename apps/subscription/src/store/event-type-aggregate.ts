import { ABSENT, evolve, type EventType, type EventTypeEvent, type ListedEventType } from "@postrider/domain-catalog";
import type { StoredEvent } from "@postrider/kit-event-store";
import type { Aggregate } from "./decide-on-stream.ts";
import { decodeStored, encodeStored, type StoredFormats } from "./stored-format.ts";

const PREFIX = "event_type/";

const CURRENT: Readonly<Record<EventTypeEvent["kind"], number>> = {
  event_type_created: 1,
  event_type_updated: 1,
  event_type_deprecated: 1,
};
const FORMATS: StoredFormats = { current: CURRENT };

/** Event types in the store. */
export const eventTypeAggregate: Aggregate<EventType, EventTypeEvent> = {
  absent: ABSENT,
  evolve,
  encode: (event) => encodeStored(event, FORMATS),
  // Only encode above writes these streams: what has the kind has the shape.
  decode: (stored) => decodeStored(stored, FORMATS) as EventTypeEvent,
  project: (database, _, state) => {
    const name = state.kind === "absent" ? "" : state.name;
    const row = { state: state.kind, document: JSON.stringify(state) };
    return [
      database
        .insertInto("event_types")
        .values({ name, ...row })
        .onConflict((conflict) => conflict.column("name").doUpdateSet(row)),
    ];
  },
};

/** The stream of an event type. */
export function eventTypeStream(name: string): string {
  return PREFIX + name;
}

/** The event type whose stream the event is of; undefined if it is of another kind of stream. */
export function findEventTypeName({ stream }: StoredEvent): string | undefined {
  return stream.startsWith(PREFIX) ? stream.slice(PREFIX.length) : undefined;
}

/** Reads `document` of the projection, which {@link eventTypeAggregate} wrote. */
export function decodeEventTypeDocument(document: string): ListedEventType {
  return JSON.parse(document) as ListedEventType;
}
