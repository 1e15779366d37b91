import type { EventType } from "@postrider/contracts/postrider/v1/event_type";

/** What ingest needs to know of the catalog. Served by the subscription service. */
export interface Catalog {
  /** The event type as it is now; undefined when the catalog has none of that name. */
  readonly getEventType: (name: string) => Promise<EventType | undefined>;
  /** Calls back with the name of each event type that was made or changed; returns the function that ends it. */
  readonly onEventTypeChanged: (listener: (name: string) => void) => () => void;
}
