import type { Kysely, SelectQueryBuilder } from "kysely";
import type { DeliveryRow, DeliveryRowState, LedgerSchema, TableName } from "./ledger-schema.ts";
import type { DeliveriesAsked, EventsAsked, KeyAsked, LedgerQueries, ListedEventRow, PageKey } from "./ledger-store.ts";

type Database = Kysely<LedgerSchema>;

const STATES: readonly DeliveryRowState[] = ["waiting", "delivered", "dead"];

const LISTED_EVENT_COLUMNS = [
  ...(["accepted_at_ms", "id", "tenant_id", "type", "source", "time_ms", "content_type"] as const),
  ...(["ordering_key", "data_bytes"] as const),
] as const satisfies readonly (keyof ListedEventRow)[];

/** The reads, the same on both databases. */
export function createLedgerQueries(database: Database): LedgerQueries {
  return {
    findEvent: async (key) => await byKey(database.selectFrom("ledger_events").selectAll(), key).executeTakeFirst(),
    findDelivery: async (key) =>
      await byKey(database.selectFrom("ledger_deliveries").selectAll(), key).executeTakeFirst(),
    listAttempts: async ({ deliveryId, acceptedAtMs, limit }) => {
      const newestFirst = await database
        .selectFrom("ledger_attempts")
        .selectAll()
        .where("accepted_at_ms", "=", acceptedAtMs)
        .where("delivery_id", "=", deliveryId)
        .orderBy("number", "desc")
        .orderBy("started_at_ms", "desc")
        .limit(limit)
        .execute();
      return newestFirst.toReversed();
    },
    listEvents: async (asked) => await eventsQuery(database, asked).execute(),
    listDeliveries: async (asked) => {
      if (!(await mayHaveSuch(database, asked))) return [];
      return await deliveriesQuery(database, asked).execute();
    },
  };
}

/** Exported for the test that reads its plan. */
export function eventsQuery(
  database: Database,
  { type, ...page }: EventsAsked,
): SelectQueryBuilder<LedgerSchema, "ledger_events", ListedEventRow> {
  const paged = pageOf(database.selectFrom("ledger_events").select(LISTED_EVENT_COLUMNS), page);
  return type === undefined ? paged : paged.where("type", "=", type);
}

/** Exported for the test that reads its plan. */
export function deliveriesQuery(
  database: Database,
  asked: DeliveriesAsked,
): Pick<SelectQueryBuilder<LedgerSchema, "ledger_deliveries", DeliveryRow>, "execute" | "compile"> {
  if (asked.state !== undefined || asked.eventId !== undefined) return deliveriesIn(database, asked, asked.state);
  // Each state's newest from its index, in one statement: in several, a delivery that changes its state could be missed.
  const [first, ...others] = STATES.map((state) =>
    database.selectFrom(deliveriesIn(database, asked, state).as("in_state")).selectAll(),
  );
  if (!first) throw new Error("there are no states");
  const all = others.reduce((united, other) => united.unionAll(other), first);
  return all.orderBy("accepted_at_ms", "desc").orderBy("id", "desc").limit(asked.limit);
}

function deliveriesIn(
  database: Database,
  { subscriptionId, eventId, tenantId, ...page }: DeliveriesAsked,
  state: DeliveryRowState | undefined,
): SelectQueryBuilder<LedgerSchema, "ledger_deliveries", DeliveryRow> {
  // A subscription or an event leads to few tenants: theirs is the better index.
  const isNarrow = subscriptionId !== undefined || eventId !== undefined;
  let query = pageOf(database.selectFrom("ledger_deliveries").selectAll(), {
    ...page,
    tenantId: isNarrow ? undefined : tenantId,
  });
  if (subscriptionId !== undefined) query = query.where("subscription_id", "=", subscriptionId);
  if (eventId !== undefined) query = query.where("event_id", "=", eventId);
  if (eventId !== undefined && tenantId !== undefined) query = query.where("tenant_id", "=", tenantId);
  return state === undefined ? query : query.where("state", "=", state);
}

/**
 * A subscription is of one tenant for ever: one look at any of its deliveries tells whether the tenant can have some,
 * where a query with both would look at all of a stranger's.
 */
async function mayHaveSuch(database: Database, { tenantId, subscriptionId }: DeliveriesAsked): Promise<boolean> {
  if (tenantId === undefined || subscriptionId === undefined) return true;
  const any = await database
    .selectFrom("ledger_deliveries")
    .select("tenant_id")
    .where("subscription_id", "=", subscriptionId)
    .limit(1)
    .executeTakeFirst();
  return any?.tenant_id === tenantId;
}

interface Page {
  readonly tenantId: string | undefined;
  readonly fromMs: number | undefined;
  readonly toMs: number | undefined;
  readonly after: PageKey | undefined;
  readonly limit: number;
}

type Listed = Exclude<TableName, "ledger_attempts">;

function pageOf<Name extends Listed, Row>(
  query: SelectQueryBuilder<LedgerSchema, Name, Row>,
  page: Page,
): SelectQueryBuilder<LedgerSchema, Name, Row> {
  // What both tables have; Kysely can't tell for a table that is a parameter.
  let paged = query as unknown as SelectQueryBuilder<LedgerSchema, Listed, Row>;
  const { tenantId, fromMs, toMs, after } = page;
  if (tenantId !== undefined) paged = paged.where("tenant_id", "=", tenantId);
  if (fromMs !== undefined) paged = paged.where("accepted_at_ms", ">=", fromMs);
  if (toMs !== undefined) paged = paged.where("accepted_at_ms", "<", toMs);
  if (after !== undefined) {
    paged = paged
      // Says nothing new, but it is what partitions are left out by.
      .where("accepted_at_ms", "<=", after.acceptedAtMs)
      .where((where) =>
        where.eb(where.refTuple("accepted_at_ms", "id"), "<", where.tuple(after.acceptedAtMs, after.id)),
      );
  }
  const ordered = paged.orderBy("accepted_at_ms", "desc").orderBy("id", "desc").limit(page.limit);
  return ordered;
}

function byKey<Name extends Listed, Row>(
  query: SelectQueryBuilder<LedgerSchema, Name, Row>,
  { id, tenantId, acceptedAtMs }: KeyAsked,
): SelectQueryBuilder<LedgerSchema, Name, Row> {
  let found = (query as unknown as SelectQueryBuilder<LedgerSchema, Listed, Row>).where("id", "=", id);
  if (tenantId !== undefined) found = found.where("tenant_id", "=", tenantId);
  if (acceptedAtMs !== undefined) found = found.where("accepted_at_ms", "=", acceptedAtMs);
  const newest = found.orderBy("accepted_at_ms", "desc").limit(1);
  return newest;
}
