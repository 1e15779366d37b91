import type { StoredEvent } from "@postrider/kit-event-store";
import { isOfSubscription, subscriptionAggregate } from "../store/subscription-aggregate.ts";
import type { SubscriptionDeps } from "../subscription-deps.ts";
import { type Change, watchChanges } from "../watch-changes.ts";

/** A subscription that changed; the lookups of its tenant are no longer true. */
export interface ChangedSubscription {
  readonly id: string;
  readonly tenantId: string;
}

/** Subscriptions that were made, changed or deleted: see {@link watchChanges}. */
export function watchSubscriptions(
  deps: Pick<SubscriptionDeps, "store">,
  afterRevision: bigint,
  signal: AbortSignal,
): AsyncIterable<Change<ChangedSubscription>> {
  return watchChanges(deps, { afterRevision, findSubject: findChangedSubscription }, signal);
}

function findChangedSubscription(stored: StoredEvent): ChangedSubscription | undefined {
  return isOfSubscription(stored) ? subscriptionAggregate.decode(stored) : undefined;
}
