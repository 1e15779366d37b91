/** What the catalog tells of an event type; an update replaces all of it. Plain data. */
export interface EventTypeContent {
  readonly description: string;
  /** JSON Schema 2020-12 of the data, as JSON text. Empty: any data is taken. */
  readonly schema: string;
  readonly examples: readonly Example[];
  /** What a receiver should answer, for people. */
  readonly acknowledgement: string;
}

export interface Example {
  readonly name: string;
  /** JSON text, valid by the schema. */
  readonly data: string;
}

/** An event type that is in the catalog. `deprecated`: nobody should newly subscribe to it, but it still works. */
export interface ListedEventType {
  readonly kind: "current" | "deprecated";
  readonly name: string;
  readonly content: EventTypeContent;
  /** 1, and one more with each update. */
  readonly version: number;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
}

/** absent ──create──▶ current ──deprecate──▶ deprecated; both are updated, none is ever removed. */
export type EventType = { readonly kind: "absent" } | ListedEventType;

interface Happened {
  readonly name: string;
  /** Milliseconds since the epoch. */
  readonly atMs: number;
}

export type EventTypeEvent =
  | (Happened & { readonly kind: "event_type_created"; readonly content: EventTypeContent })
  | (Happened & { readonly kind: "event_type_updated"; readonly content: EventTypeContent })
  | (Happened & { readonly kind: "event_type_deprecated" });

/** Every stream starts here. */
export const ABSENT: EventType = { kind: "absent" };

/** The state after the event. Events that {@link decide} can't have made on this state leave it as it is. */
export function evolve(state: EventType, event: EventTypeEvent): EventType {
  const { name, atMs } = event;
  if (event.kind === "event_type_created") {
    return { kind: "current", name, content: event.content, version: 1, createdAtMs: atMs, updatedAtMs: atMs };
  }
  if (state.kind === "absent") return state;
  if (event.kind === "event_type_deprecated") return { ...state, kind: "deprecated", updatedAtMs: atMs };
  return { ...state, content: event.content, version: state.version + 1, updatedAtMs: atMs };
}
