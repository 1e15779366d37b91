import { ABSENT, evolve, type EventType, type EventTypeEvent, type ListedEventType } from "@postrider/domain-catalog";
import type { StoredEvent } from "@postrider/kit-event-store";
import type { Aggregate } from "./decide-on-stream.ts";
import { decodeStored, encodeStored } from "./stored-format.ts";

const PREFIX = "event_type/";

/** A table, so that the compiler misses a kind that is missing here. */
const KINDS: Readonly<Record<EventTypeEvent["kind"], true>> = {
  event_type_created: true,
  event_type_updated: true,
  event_type_deprecated: true,
};
const kinds: ReadonlySet<string> = new Set(Object.keys(KINDS));

/** Event types in the store. */
export const eventTypeAggregate: Aggregate<EventType, EventTypeEvent> = {
  absent: ABSENT,
  evolve,
  encode: encodeStored,
  // Only encode above writes these streams: what has the kind has the shape.
  decode: (stored) => decodeStored(stored, kinds) as EventTypeEvent,
  project: (database, state) => {
    const name = state.kind === "absent" ? "" : state.name;
    const row = { state: state.kind, document: JSON.stringify(state) };
    return database
      .insertInto("event_types")
      .values({ name, ...row })
      .onConflict((conflict) => conflict.column("name").doUpdateSet(row));
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
