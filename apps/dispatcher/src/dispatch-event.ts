import type { Event } from "@postrider/domain-event";
import type { Delivery } from "./delivery.ts";
import type { Directory } from "./directory.ts";

export interface DispatchEventDeps {
  readonly directory: Directory;
  readonly deliver: (delivery: Delivery) => Promise<void>;
  /** Aborts the wait for a lookup when the process ends. */
  readonly signal: AbortSignal;
}

/**
 * Fans an event out to every endpoint that wants it, straight from memory; resolves when each of its deliveries is
 * finished or durably deferred. Rejects only when the process is ending.
 */
export async function dispatchEvent(event: Event, { directory, deliver, signal }: DispatchEventDeps): Promise<void> {
  const found = directory.find(event.tenantId, event.type, signal);
  const endpoints = found instanceof Promise ? await found : found;
  const [only] = endpoints;
  if (!only) return;
  if (endpoints.length === 1) await deliver({ event, endpoint: only, attempt: 1 });
  else await Promise.all(endpoints.map(async (endpoint) => deliver({ event, endpoint, attempt: 1 })));
}
