import type { Clock } from "@postrider/kit-lifecycle";
import { type DeferredDelivery, encodeDeferredDelivery } from "@postrider/records";
import { LookupUnavailable } from "./directory.ts";
import type { DispatcherMetrics } from "./dispatcher-metrics.ts";
import type { Endpoint } from "./endpoint.ts";
import type { Recorder } from "./recorder.ts";

/**
 * What could not be looked up is looked up again after half the time that it has waited, within these bounds: soon after a
 * short outage, and with few copies in a long one.
 */
const LOOKUP_MS = { shortest: 30_000, longest: 300_000 };

export interface DeferLookupDeps {
  readonly recorder: Pick<Recorder, "defer">;
  readonly clock: Clock;
  readonly metrics: Pick<DispatcherMetrics, "deferred">;
}

type Lookup = readonly Endpoint[];

/** The lookup's answer, or undefined when none can be had for now: then {@link deferLookup} what waits for it. */
export async function untilLookedUp(lookup: Lookup | Promise<Lookup>): Promise<Lookup | undefined> {
  try {
    return await lookup;
  } catch (error) {
    if (error instanceof LookupUnavailable) return undefined;
    throw error;
  }
}

/** Puts a delivery, or an event that is not known to be wanted by anybody yet, off until lookups may work again. */
export async function deferLookup(
  waiting: DeferredDelivery,
  { recorder, clock, metrics }: DeferLookupDeps,
): Promise<void> {
  const nowMs = clock.nowMs();
  const heldSinceMs = Math.round(waiting.heldSinceMs ?? nowMs);
  const delayMs = Math.min(Math.max((nowMs - heldSinceMs) / 2, LOOKUP_MS.shortest), LOOKUP_MS.longest);
  metrics.deferred("lookup");
  await recorder.defer({
    key: waiting.subscriptionId || waiting.event.tenantId,
    value: encodeDeferredDelivery({ ...waiting, heldSinceMs }),
    dueAtMs: Math.ceil(nowMs + delayMs),
  });
}
