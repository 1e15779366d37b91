import type { Compilable } from "kysely";

/**
 * The port of the event store: streams of events with optimistic concurrency, projected into tables in the same
 * transaction. Positions grow over all streams; the greatest is the store's revision.
 */
export interface NewEvent {
  /** Past tense, such as subscription_created. */
  readonly type: string;
  /** JSON-serialisable. */
  readonly data: unknown;
}

export interface StoredEvent extends NewEvent {
  readonly stream: string;
  /** From 1 within its stream. */
  readonly version: number;
  /** Grows over all streams, gaps allowed. */
  readonly position: number;
  readonly appendedAtMs: number;
}

export interface AppendToStream {
  readonly stream: string;
  /** The version that the caller decided on; 0 for a new stream. */
  readonly expectedVersion: number;
  readonly events: readonly NewEvent[];
  readonly appendedAtMs: number;
  /** Queries that bring the projections up to date, run in the same transaction. */
  readonly projections: readonly Compilable[];
}

export interface EventStore {
  /**
   * All or nothing; durable when it resolves, with the events' positions.
   * @throws {EventStoreError} `conflict` when the stream has moved on: load and decide again; `unavailable`
   */
  readonly append: (append: AppendToStream) => Promise<readonly StoredEvent[]>;
  /**
   * Overwrites the data of an event that is there, where it stands, as far as the storage can. Events are facts and stay
   * as they are: this is for what should never have stood in one.
   * @throws {EventStoreError} `unavailable`
   */
  readonly redact: (event: Pick<StoredEvent, "position" | "data">) => Promise<void>;
  /** The whole stream, oldest first; empty when there is none. */
  readonly load: (stream: string) => Promise<readonly StoredEvent[]>;
  /** Events of all streams with a greater position, oldest first, up to `limit`. */
  readonly readAfter: (position: number, limit: number) => Promise<readonly StoredEvent[]>;
  /** The greatest position that is visible; 0 when empty. */
  readonly revision: () => Promise<number>;
  /** Calls back (soon) after each append, by whoever made it; returns the function that ends it. */
  readonly onAppended: (listener: () => void) => () => void;
}

export type EventStoreErrorCode = "conflict" | "unavailable";

export class EventStoreError extends Error {
  override readonly name = "EventStoreError";
  readonly code: EventStoreErrorCode;

  constructor(code: EventStoreErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
