import { type ListedEventType, OPERATIONAL_TYPES } from "@postrider/domain-catalog";
import { collectPage, type Row } from "../store/collect-page.ts";
import { decodeEventTypeDocument } from "../store/event-type-aggregate.ts";
import type { SubscriptionDeps } from "../subscription-deps.ts";

export interface EventTypesPage {
  readonly eventTypes: readonly ListedEventType[];
  /** The name after which the next page begins; undefined on the last. */
  readonly nextAfter: string | undefined;
}

const OURS: readonly Row[] = OPERATIONAL_TYPES.map((each) => ({ key: each.name, document: JSON.stringify(each) }));

/** A page of the catalog by name, Postrider's own and deprecated ones too. */
export async function listEventTypes(
  { database }: Pick<SubscriptionDeps, "database">,
  { pageSize, after }: { readonly pageSize: number; readonly after: string },
): Promise<EventTypesPage> {
  const all = database.selectFrom("event_types").select(["name as key", "document"]).orderBy("name");
  const { rows, nextAfter } = await collectPage({
    pageSize,
    after,
    read: async (key, limit) => addOurs(await all.where("name", ">", key).limit(limit).execute(), key, limit),
  });
  return { eventTypes: rows.map(({ document }) => decodeEventTypeDocument(document)), nextAfter };
}

/** The first rows of both, in the order of their names. */
function addOurs(rows: readonly Row[], after: string, limit: number): readonly Row[] {
  // Names are ASCII: their order is that of their bytes, as in the store.
  const compare = (one: Row, other: Row): number => (one.key < other.key ? -1 : 1);
  return [...rows, ...OURS.filter(({ key }) => key > after)].sort(compare).slice(0, limit);
}
