import { matchesAny } from "@postrider/domain-event";
import type { LiveSubscription } from "@postrider/domain-subscription";
import { decodeSubscriptionDocument } from "../store/subscription-aggregate.ts";
import type { SubscriptionDeps } from "../subscription-deps.ts";

export interface Resolution {
  /** Active and paused ones. */
  readonly subscriptions: readonly LiveSubscription[];
  /** Every change up to it is in the answer. */
  readonly revision: number;
}

/** Who of the tenant wants events of the type: one indexed query, then patterns in memory. */
export async function resolveSubscriptions(
  { store, database }: Pick<SubscriptionDeps, "store" | "database">,
  { tenantId, eventType }: { readonly tenantId: string; readonly eventType: string },
): Promise<Resolution> {
  // Before the query: a change between the two is in the answer, and is told once more by Watch, which does no harm.
  const revision = await store.revision();
  const rows = await database
    .selectFrom("subscriptions")
    .select("document")
    .where("tenant_id", "=", tenantId)
    .where("state", "in", ["active", "paused"])
    .orderBy("id")
    .execute();
  const subscriptions = rows
    .map(({ document }) => decodeSubscriptionDocument(document))
    .filter(({ settings }) => matchesAny(settings.eventTypes, eventType));
  return { subscriptions, revision };
}
