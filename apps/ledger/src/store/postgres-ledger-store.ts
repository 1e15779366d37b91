import { createPostgresDialect, type Postgres, type RunQuery } from "@postrider/kit-postgres";
import { Kysely } from "kysely";
import { asLedgerStoreError } from "./as-ledger-store-error.ts";
import { ON_CONFLICT_JOIN } from "./join-deliveries.ts";
import { acceptedAtMsOf } from "./ledger-entry.ts";
import { bareTypeOf, type LedgerSchema, type Table, TABLES } from "./ledger-schema.ts";
import { createLedgerQueries } from "./ledger-queries.ts";
import type { LedgerStore } from "./ledger-store.ts";
import { createPartitions, DAY_MS, dayOf, dropPartitionsBefore } from "./partitions.ts";
import { toRows } from "./to-rows.ts";

export interface PostgresLedgerStoreOptions {
  /** Opened with `postgresLedgerSchema`. Stays its owner's. */
  readonly postgres: Postgres;
  /** Of an event's data. */
  readonly keptDataBytes: number;
}

const ARRAY_TYPES = { text: "text[]", integer: "integer[]", bigint: "bigint[]", bytes: "bytea[]" } as const;

/** The ledger in PostgreSQL, which any number of processes write. */
export function openPostgresLedgerStore({ postgres, keptDataBytes }: PostgresLedgerStoreOptions): LedgerStore {
  const database = new Kysely<LedgerSchema>({ dialect: createPostgresDialect(postgres, asLedgerStoreError) });
  /** Days whose partitions are there, as far as is known: another process may drop them. */
  const days = new Set<number>();

  async function prepareDays(wanted: readonly number[]): Promise<void> {
    const missing = wanted.filter((day) => !days.has(day));
    if (missing.length === 0) return;
    await createPartitions(postgres, missing);
    for (const day of missing) days.add(day);
  }

  return {
    ...createLedgerQueries(database),
    add: async (entries) =>
      await inLedgerWords(async () => {
        await prepareDays([...new Set(entries.map((entry) => dayOf(acceptedAtMsOf(entry))))]);
        const { events, attempts, deliveries } = toRows(entries, keptDataBytes);
        try {
          return await postgres.inTransaction(async (query) => {
            const added = {
              events: await insert(query, { table: TABLES.events, rows: events }),
              attempts: await insert(query, { table: TABLES.attempts, rows: attempts }),
            };
            await insert(query, { table: TABLES.deliveries, rows: deliveries, onConflict: ON_CONFLICT_JOIN });
            return added;
          });
        } catch (error) {
          // Perhaps because a partition is gone: the next try looks.
          days.clear();
          throw error;
        }
      }),
    removeBefore: async (timeMs) => {
      await inLedgerWords(async () => {
        await dropPartitionsBefore(postgres, timeMs);
      });
      for (const day of days) if (day + DAY_MS <= timeMs) days.delete(day);
    },
    prepare: async (fromMs, untilMs) => {
      const count = (dayOf(untilMs) - dayOf(fromMs)) / DAY_MS + 1;
      await inLedgerWords(async () => {
        await prepareDays(Array.from({ length: count }, (_, index) => dayOf(fromMs) + index * DAY_MS));
      });
    },
  };
}

interface Insertion<Row> {
  readonly table: Table;
  readonly rows: readonly Row[];
  readonly onConflict?: string;
}

/** All rows in one statement, a column an array. Returns how many were inserted or changed. */
async function insert<Row extends object>(
  query: RunQuery,
  { table, rows, onConflict = `ON CONFLICT (${table.key.join(", ")}) DO NOTHING` }: Insertion<Row>,
): Promise<number> {
  if (rows.length === 0) return 0;
  const columns = Object.entries(table.columns);
  const names = columns.map(([name]) => name);
  const arrays = columns.map(([, type], index) => `$${index + 1}::${ARRAY_TYPES[bareTypeOf(type)]}`);
  const { changes } = await query(
    `INSERT INTO ${table.name} AS d (${names.join(", ")}) SELECT * FROM unnest(${arrays.join(", ")}) ${onConflict}`,
    names.map((name) => rows.map((row) => row[name as keyof Row])),
  );
  return changes;
}

async function inLedgerWords<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw asLedgerStoreError(error);
  }
}
