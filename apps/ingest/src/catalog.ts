import type { EventType, EventTypeChange, WatchEventTypesRequest } from "@postrider/contracts/postrider/v1/event_type";

/** What ingest needs to know of the catalog. Served by the subscription service, in process or by gRPC. */
export interface Catalog {
  /** The event type as it is now; undefined when the catalog has none of that name. Rejects when it can't be told now. */
  readonly getEventType: (name: string) => Promise<EventType | undefined>;
  /** Changes after a revision; the first message tells the current revision. Ends or fails when the connection does. */
  readonly watchEventTypes: (request: WatchEventTypesRequest, signal: AbortSignal) => AsyncIterable<EventTypeChange>;
}
