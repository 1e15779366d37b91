import type { Event } from "@postrider/domain-event";
import { TO_BE_LOOKED_UP } from "@postrider/records";
import { deferLookup, type DeferLookupDeps, untilLookedUp } from "./defer-lookup.ts";
import type { Delivery } from "./delivery.ts";
import type { Directory } from "./directory.ts";
import type { Endpoint } from "./endpoint.ts";

export interface DispatchEventDeps extends DeferLookupDeps {
  readonly directory: Directory;
  readonly deliver: (delivery: Delivery) => Promise<void>;
  /** Aborts the wait for a lookup when the process ends. */
  readonly signal: AbortSignal;
}

/**
 * Fans an event out to every endpoint that wants it, straight from memory; resolves when each of its deliveries is
 * finished or durably deferred. While nobody can tell who wants it, the event itself is deferred. Rejects only when the
 * process is ending.
 */
export function dispatchEvent(event: Event, deps: DispatchEventDeps): Promise<void> {
  const found = deps.directory.find(event.tenantId, event.type, deps.signal);
  if (found instanceof Promise) return dispatchWhenFound(event, found, deps);
  return deliverToAll(event, found, deps);
}

/** Not async: an event for one known endpoint, the common case, costs no promise but the delivery's own. */
export function deliverToAll(
  event: Event,
  endpoints: readonly Endpoint[],
  { deliver }: Pick<DispatchEventDeps, "deliver">,
): Promise<void> {
  const [only] = endpoints;
  if (only && endpoints.length === 1) return deliver({ event, endpoint: only, attempt: 1 });
  return Promise.all(endpoints.map((endpoint) => deliver({ event, endpoint, attempt: 1 }))).then(() => undefined);
}

async function dispatchWhenFound(
  event: Event,
  lookup: Promise<readonly Endpoint[]>,
  deps: DispatchEventDeps,
): Promise<void> {
  const endpoints = await untilLookedUp(lookup);
  if (!endpoints) return deferLookup({ event, subscriptionId: TO_BE_LOOKED_UP, nextAttempt: 1 }, deps);
  return deliverToAll(event, endpoints, deps);
}
