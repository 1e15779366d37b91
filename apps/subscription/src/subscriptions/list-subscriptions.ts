import type { LiveSubscription } from "@postrider/domain-subscription";
import { collectPage } from "../store/collect-page.ts";
import { decodeSubscriptionDocument } from "../store/subscription-aggregate.ts";
import type { SubscriptionDeps } from "../subscription-deps.ts";

export interface SubscriptionsAsked {
  /** Absent: of all tenants. */
  readonly tenantId: string | undefined;
  readonly pageSize: number;
  /** The id after which the page begins; empty for the first. */
  readonly after: string;
}

export interface SubscriptionsPage {
  readonly subscriptions: readonly LiveSubscription[];
  readonly nextAfter: string | undefined;
}

/** A page of subscriptions, oldest first: their ids sort by time. */
export async function listSubscriptions(
  { database }: Pick<SubscriptionDeps, "database">,
  { tenantId, pageSize, after }: SubscriptionsAsked,
): Promise<SubscriptionsPage> {
  const all = database.selectFrom("subscriptions").select(["id as key", "document"]).orderBy("id");
  const asked = tenantId === undefined ? all : all.where("tenant_id", "=", tenantId);
  const { rows, nextAfter } = await collectPage({
    pageSize,
    after,
    read: (key, limit) => asked.where("id", ">", key).limit(limit).execute(),
  });
  return { subscriptions: rows.map(({ document }) => decodeSubscriptionDocument(document)), nextAfter };
}
