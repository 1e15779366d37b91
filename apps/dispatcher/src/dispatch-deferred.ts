import type { DeferredTask } from "@postrider/kit-deferred";
import {
  decodeDeferredDelivery,
  type DeferredDelivery,
  encodeQuarantinedTask,
  TO_BE_LOOKED_UP,
} from "@postrider/records";
import { deferLookup, untilLookedUp } from "./defer-lookup.ts";
import { deliverToAll, type DispatchEventDeps } from "./dispatch-event.ts";
import type { DispatcherMetrics } from "./dispatcher-metrics.ts";
import type { Recorder } from "./recorder.ts";

export interface DispatchDeferredDeps extends DispatchEventDeps {
  readonly metrics: DispatcherMetrics;
  readonly recorder: Pick<Recorder, "recordQuarantined" | "defer">;
}

/**
 * Takes up a delivery that is due, with its subscription as it is now: a changed URL counts, and a delivery whose
 * subscription is gone is dropped. An event that waited for its lookup is fanned out as a new one; what can't be looked
 * up now is put off once more. A task that is no delivery goes to quarantine, since it would be due forever. Rejects
 * only when the process is ending; then it is due again after the restart.
 */
export async function dispatchDeferred(task: DeferredTask, deps: DispatchDeferredDeps): Promise<void> {
  const decoded = decodeTask(task);
  if (decoded.kind === "malformed") {
    deps.metrics.quarantined();
    await deps.recorder.recordQuarantined(encodeQuarantinedTask(task, decoded.reason));
    return;
  }
  const { delivery } = decoded;
  const { event, subscriptionId, nextAttempt, heldSinceMs } = delivery;
  const endpoints = await untilLookedUp(deps.directory.find(event.tenantId, event.type, deps.signal));
  if (!endpoints) return deferLookup(delivery, deps);
  if (subscriptionId === TO_BE_LOOKED_UP) return deliverToAll(event, endpoints, deps);
  const endpoint = endpoints.find((candidate) => candidate.subscriptionId === subscriptionId);
  if (!endpoint) {
    deps.metrics.cancelled();
    return;
  }
  const held = heldSinceMs === undefined ? {} : { heldSinceMs };
  await deps.deliver({ event, endpoint, attempt: nextAttempt, isOwned: true, ...held });
}

type DecodedTask =
  | { readonly kind: "delivery"; readonly delivery: DeferredDelivery }
  | { readonly kind: "malformed"; readonly reason: string };

function decodeTask({ value }: DeferredTask): DecodedTask {
  try {
    return { kind: "delivery", delivery: decodeDeferredDelivery(value) };
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    return { kind: "malformed", reason: `no deferred delivery: ${words}` };
  }
}
