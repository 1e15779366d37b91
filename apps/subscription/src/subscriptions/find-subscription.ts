import type { LiveSubscription } from "@postrider/domain-subscription";
import { decodeSubscriptionDocument } from "../store/subscription-aggregate.ts";
import type { SubscriptionDeps } from "../subscription-deps.ts";

/** The subscription as it is now; undefined when there is none, or no more. */
export async function findSubscription(
  { database }: Pick<SubscriptionDeps, "database">,
  id: string,
): Promise<LiveSubscription | undefined> {
  const row = await database.selectFrom("subscriptions").select("document").where("id", "=", id).executeTakeFirst();
  return row && decodeSubscriptionDocument(row.document);
}
