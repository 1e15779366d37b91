import { type Clock, pause } from "@postrider/kit-lifecycle";
import type { Logger } from "@postrider/kit-telemetry";
import type { Endpoint } from "./endpoint.ts";
import type { Subscriptions } from "./subscriptions.ts";

/** In `disabled_reason`, for the tenant. */
const REASON = "its endpoint answered 410 Gone";
/** Between two tries, doubling: together some ten minutes. The next 410 begins anew. */
const RETRY_MS = { first: 500, tries: 10 };

export interface DisableGoneDeps {
  readonly subscriptions: Pick<Subscriptions, "disable">;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Ends the tries with the process. */
  readonly signal: AbortSignal;
}

/**
 * Asks for the end of a subscription whose endpoint said that it is gone for good (HTTP 410). Beside the deliveries: they
 * don't wait for it, and what is sent until then is answered in the same way. Asks once at a time for each subscription,
 * and names the URL that answered, so that one that was changed meanwhile stays.
 */
export function createDisableGone(deps: DisableGoneDeps): (endpoint: Pick<Endpoint, "subscriptionId" | "url">) => void {
  const asking = new Set<string>();
  return (endpoint) => {
    const { subscriptionId } = endpoint;
    if (asking.has(subscriptionId)) return;
    asking.add(subscriptionId);
    void disable(endpoint, deps).finally(() => asking.delete(subscriptionId));
  };
}

async function disable(
  { subscriptionId, url }: Pick<Endpoint, "subscriptionId" | "url">,
  { subscriptions, clock, logger, signal }: DisableGoneDeps,
): Promise<void> {
  for (let tries = 1, delayMs = RETRY_MS.first; ; tries++, delayMs *= 2) {
    try {
      await subscriptions.disable({ id: subscriptionId, reason: REASON, callbackUrl: url });
      logger.info({ subscriptionId }, "disabled: its endpoint is gone");
      return;
    } catch (error) {
      const isLast = tries === RETRY_MS.tries;
      const words = isLast ? "asked again at its next 410" : "tried again";
      logger.warn({ err: error, subscriptionId }, `a subscription whose endpoint is gone can't be disabled: ${words}`);
      if (isLast) return;
      await pause(clock, delayMs, signal);
      if (signal.aborted) return;
    }
  }
}
