import type { AppendToStream, StoredEvent } from "./event-store.ts";

/** What {@link decodeStoredEvent} reads, in either database; the caller adds which, and in what order. */
export const SELECT_EVENTS = "SELECT stream, version, position, type, data, appended_at_ms FROM events";

/** A row of {@link SELECT_EVENTS}. */
export function decodeStoredEvent(row: Readonly<Record<string, unknown>>): StoredEvent {
  return {
    stream: String(row["stream"]),
    version: Number(row["version"]),
    position: Number(row["position"]),
    type: String(row["type"]),
    data: JSON.parse(String(row["data"])) as unknown,
    appendedAtMs: Number(row["appended_at_ms"]),
  };
}

/** What an append answers. @param positionOf the position that the event of this index got */
export function listAppended(
  { stream, expectedVersion, events, appendedAtMs }: AppendToStream,
  positionOf: (index: number) => unknown,
): readonly StoredEvent[] {
  return events.map((event, index) => ({
    ...event,
    ...{ stream, version: expectedVersion + index + 1, position: Number(positionOf(index)), appendedAtMs },
  }));
}
