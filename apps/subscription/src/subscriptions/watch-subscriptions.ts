import type { StoredEvent } from "@postrider/kit-event-store";
import { followEvents } from "../store/follow-events.ts";
import { isOfSubscription, subscriptionAggregate } from "../store/subscription-aggregate.ts";
import type { SubscriptionDeps } from "../subscription-deps.ts";

/** Whose lookups are no longer true as of the revision; without `subscription` it only tells the revision. */
export interface Change {
  readonly revision: number;
  readonly subscription?: { readonly id: string; readonly tenantId: string };
}

/**
 * Changes after a revision (0: from now on), then live, until the signal aborts. The first comes at once: when there is
 * no change yet it tells the revision alone. A revision lower than `afterRevision` says that the store is not the one
 * that the caller knew (restored from a backup, for one): then nothing that it remembers may be trusted.
 */
export async function* watchSubscriptions(
  { store }: Pick<SubscriptionDeps, "store">,
  afterRevision: number,
  signal: AbortSignal,
): AsyncGenerator<Change, void, undefined> {
  const current = await store.revision();
  let revision = afterRevision === 0 ? current : Math.min(afterRevision, current);
  let isSilent = true;
  for await (const page of followEvents(store, revision, signal)) {
    for (const event of page.filter(isOfSubscription)) {
      yield describeChange(event);
      isSilent = false;
    }
    revision = page.at(-1)?.position ?? revision;
    if (isSilent) yield { revision };
    isSilent = false;
  }
}

function describeChange(stored: StoredEvent): Change {
  const { id, tenantId } = subscriptionAggregate.decode(stored);
  return { revision: stored.position, subscription: { id, tenantId } };
}
