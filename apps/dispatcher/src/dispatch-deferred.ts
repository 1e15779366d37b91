import type { DeferredTask } from "@postrider/kit-deferred";
import { decodeDeferredDelivery } from "@postrider/records";
import type { DispatchEventDeps } from "./dispatch-event.ts";
import type { DispatcherMetrics } from "./dispatcher-metrics.ts";

export interface DispatchDeferredDeps extends DispatchEventDeps {
  readonly metrics: DispatcherMetrics;
}

/**
 * Takes up a delivery that is due, with its subscription as it is now: a changed URL counts, and a delivery whose
 * subscription is gone is dropped. Rejects only when the process is ending; then it is due again after the restart.
 */
export async function dispatchDeferred(task: DeferredTask, deps: DispatchDeferredDeps): Promise<void> {
  const { event, subscriptionId, nextAttempt, heldSinceMs } = decodeDeferredDelivery(task.value);
  const endpoints = await deps.directory.find(event.tenantId, event.type, deps.signal);
  const endpoint = endpoints.find((candidate) => candidate.subscriptionId === subscriptionId);
  if (!endpoint) {
    deps.metrics.cancelled();
    return;
  }
  const held = heldSinceMs === undefined ? {} : { heldSinceMs };
  await deps.deliver({ event, endpoint, attempt: nextAttempt, ...held });
}
