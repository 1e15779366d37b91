import { createPostgresDialect, type Postgres } from "@postrider/kit-postgres";
import { findStack } from "@postrider/testing";
import { type Compilable, Kysely } from "kysely";
import { describe, expect, test } from "vitest";
import { NOON_MS } from "../testing/build-entries.ts";
import { openLedgerDatabase } from "../testing/open-on-postgres.ts";
import { deliveriesQuery, eventsQuery } from "./ledger-queries.ts";
import type { LedgerSchema } from "./ledger-schema.ts";
import type { DeliveriesAsked, EventsAsked } from "./ledger-store.ts";
import { createPartitions, DAY_MS, dayOf } from "./partitions.ts";

const DAYS = [0, 1, 2, 3].map((day) => dayOf(NOON_MS) - day * DAY_MS);
const PAGE = { after: { acceptedAtMs: NOON_MS, id: "evt_5" }, limit: 11 };
const NO_EVENT_FILTER = { tenantId: undefined, type: undefined, fromMs: undefined, toMs: undefined };
const NO_DELIVERY_FILTER = {
  ...{ tenantId: undefined, subscriptionId: undefined, eventId: undefined, state: undefined },
  ...{ fromMs: undefined, toMs: undefined },
};

const EVENT_FILTERS: readonly Partial<EventsAsked>[] = [
  {},
  { tenantId: "tenant_3" },
  { tenantId: "tenant_3", type: "type_2" },
  { fromMs: NOON_MS - DAY_MS, toMs: NOON_MS },
];
const DELIVERY_FILTERS: readonly Partial<DeliveriesAsked>[] = [
  {},
  { state: "dead" },
  { tenantId: "tenant_3" },
  { tenantId: "tenant_3", state: "waiting" },
  { subscriptionId: "sub_3" },
  { subscriptionId: "sub_3", state: "delivered" },
  { eventId: "evt_7" },
  { eventId: "evt_7", state: "dead" },
  { eventId: "evt_7", tenantId: "tenant_3" },
  { fromMs: NOON_MS - DAY_MS, toMs: NOON_MS },
];

/** What the plan of a query reads: no table as a whole, and nothing sorted that an index has in order. */
async function explain(postgres: Postgres, query: Compilable): Promise<string> {
  const { sql, parameters } = query.compile();
  const { rows } = await postgres.query(`EXPLAIN (COSTS OFF) ${sql}`, parameters);
  return rows.map((row) => String(row["QUERY PLAN"])).join("\n");
}

describe.skipIf(findStack() === undefined)("on PostgreSQL", () => {
  test("every documented filter is served by an index, in the order of its pages", { timeout: 120_000 }, async () => {
    const { postgres } = await openLedgerDatabase();
    await fill(postgres);
    const database = new Kysely<LedgerSchema>({ dialect: createPostgresDialect(postgres) });
    for (const filter of EVENT_FILTERS) {
      const plan = await explain(postgres, eventsQuery(database, { ...NO_EVENT_FILTER, ...filter, ...PAGE }));
      expect(plan, JSON.stringify(filter)).toMatch(/Index( Only)? Scan/);
      expect(plan, JSON.stringify(filter)).not.toMatch(/Seq Scan|Sort/);
    }
    for (const filter of DELIVERY_FILTERS) {
      const plan = await explain(postgres, deliveriesQuery(database, { ...NO_DELIVERY_FILTER, ...filter, ...PAGE }));
      expect(plan, JSON.stringify(filter)).toMatch(/Index( Only)? Scan/);
      expect(plan, JSON.stringify(filter)).not.toMatch(/Seq Scan/);
      // An event has few deliveries, which are sorted; three lists are merged or sorted, of a page each.
      if (filter.state !== undefined && filter.eventId === undefined) expect(plan).not.toMatch(/Sort/);
    }
  });

  test("a list of a time looks at its days only", async () => {
    const { postgres } = await openLedgerDatabase();
    await createPartitions(postgres, DAYS);
    const database = new Kysely<LedgerSchema>({ dialect: createPostgresDialect(postgres) });
    const asked = { ...NO_EVENT_FILTER, ...PAGE, after: undefined, fromMs: NOON_MS - DAY_MS, toMs: NOON_MS };
    const plan = await explain(postgres, eventsQuery(database, asked));
    const days = new Set(plan.match(/ledger_events_\d{8}/g));
    expect([...days].sort()).toEqual(["ledger_events_20251231", "ledger_events_20260101"]);
  });
});

/** So many rows that reading all of them costs more than an index, and with them what the planner knows of them. */
async function fill(postgres: Postgres): Promise<void> {
  await createPartitions(postgres, DAYS);
  const at = `${NOON_MS}::bigint - (n % 4) * ${DAY_MS}::bigint + n`;
  await postgres.query(`INSERT INTO ledger_events
    SELECT ${at}, 'evt_' || n, 'tenant_' || n % 10, 'type_' || n % 7, 's', 0, 'c', NULL, 0, ''
    FROM generate_series(1, 20000) AS n`);
  await postgres.query(`INSERT INTO ledger_deliveries
    SELECT ${at}, 'dlv_' || n, 'evt_' || n / 2, 'tenant_' || n % 10, 'sub_' || n % 20, 't', 0,
      CASE WHEN n % 20 = 0 THEN 'dead' WHEN n % 20 = 1 THEN 'waiting' ELSE 'delivered' END, 1, NULL, NULL, NULL, NULL
    FROM generate_series(1, 20000) AS n`);
  await postgres.query("ANALYZE ledger_events, ledger_deliveries");
}
