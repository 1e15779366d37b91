import { findOperationalType, type ListedEventType } from "@postrider/domain-catalog";
import { decodeEventTypeDocument } from "../store/event-type-aggregate.ts";
import type { SubscriptionDeps } from "../subscription-deps.ts";

/** The event type as it is now; undefined when the catalog has none of that name. */
export async function findEventType(
  { database }: Pick<SubscriptionDeps, "database">,
  name: string,
): Promise<ListedEventType | undefined> {
  const ours = findOperationalType(name);
  if (ours) return ours;
  const row = await database.selectFrom("event_types").select("document").where("name", "=", name).executeTakeFirst();
  return row && decodeEventTypeDocument(row.document);
}
