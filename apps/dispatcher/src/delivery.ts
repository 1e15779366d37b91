import type { Event } from "@postrider/domain-event";
import type { Endpoint } from "./endpoint.ts";

/** One event for one endpoint, on its way. */
export interface Delivery {
  readonly event: Event;
  readonly endpoint: Endpoint;
  /** The number of the attempt that comes next, from 1. */
  readonly attempt: number;
  /** Since when it waits without having been tried, if it does. */
  readonly heldSinceMs?: number;
  /** It comes from the deferred ones: all of its subscription's that do so come to this process. */
  readonly isOwned?: boolean;
}
