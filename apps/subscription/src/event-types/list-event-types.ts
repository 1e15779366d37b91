import type { ListedEventType } from "@postrider/domain-catalog";
import { collectPage } from "../store/collect-page.ts";
import { decodeEventTypeDocument } from "../store/event-type-aggregate.ts";
import type { SubscriptionDeps } from "../subscription-deps.ts";

export interface EventTypesPage {
  readonly eventTypes: readonly ListedEventType[];
  /** The name after which the next page begins; undefined on the last. */
  readonly nextAfter: string | undefined;
}

/** A page of the catalog by name, deprecated ones too. */
export async function listEventTypes(
  { database }: Pick<SubscriptionDeps, "database">,
  { pageSize, after }: { readonly pageSize: number; readonly after: string },
): Promise<EventTypesPage> {
  const all = database.selectFrom("event_types").select(["name as key", "document"]).orderBy("name");
  const { rows, nextAfter } = await collectPage({
    pageSize,
    after,
    read: (key, limit) => all.where("name", ">", key).limit(limit).execute(),
  });
  return { eventTypes: rows.map(({ document }) => decodeEventTypeDocument(document)), nextAfter };
}
