import { createSqliteDialect, type Sqlite, type SqlValue, type Statement } from "@postrider/kit-sqlite";
import { Kysely } from "kysely";
import { asLedgerStoreError } from "./as-ledger-store-error.ts";
import { ON_CONFLICT_JOIN } from "./join-deliveries.ts";
import { type LedgerSchema, type Table, TABLES } from "./ledger-schema.ts";
import { createLedgerQueries } from "./ledger-queries.ts";
import type { LedgerStore } from "./ledger-store.ts";
import { toRows } from "./to-rows.ts";

export interface SqliteLedgerStoreOptions {
  /** Opened with `sqliteLedgerSchema`. Stays its owner's. */
  readonly sqlite: Sqlite;
  /** Of an event's data. */
  readonly keptDataBytes: number;
}

/** Deleted in one unit: some milliseconds of the worker's time, so that appends between two units hardly notice. */
const ROWS_PER_DELETE = 500;

/** The ledger in an SQLite file that others write too. */
export function openSqliteLedgerStore({ sqlite, keptDataBytes }: SqliteLedgerStoreOptions): LedgerStore {
  const database = new Kysely<LedgerSchema>({ dialect: createSqliteDialect(sqlite, asLedgerStoreError) });
  return {
    ...createLedgerQueries(database),
    add: async (entries) => {
      const { events, attempts, deliveries } = toRows(entries, keptDataBytes);
      const statements = [
        insert(TABLES.events, events, doNothing(TABLES.events)),
        insert(TABLES.attempts, attempts, doNothing(TABLES.attempts)),
        insert(TABLES.deliveries, deliveries, ON_CONFLICT_JOIN),
      ].filter(({ rows }) => rows.length > 0);
      const results = await inLedgerWords(async () => sqlite.write(statements));
      const added = (rows: readonly unknown[]): number => (rows.length === 0 ? 0 : (results.shift()?.changes ?? 0));
      return { events: added(events), attempts: added(attempts) };
    },
    removeBefore: async (timeMs, signal) => {
      for (const { name } of Object.values(TABLES)) await removeBefore(sqlite, { name, timeMs }, signal);
    },
    prepare: async () => Promise.resolve(),
  };
}

function doNothing({ key }: Table): string {
  return `ON CONFLICT (${key.join(", ")}) DO NOTHING`;
}

function insert(
  { name, columns }: Table,
  rows: readonly object[],
  onConflict: string,
): Statement & { readonly rows: readonly (readonly SqlValue[])[] } {
  const names = Object.keys(columns);
  const marks = names.map(() => "?").join(", ");
  return {
    sql: `INSERT INTO ${name} AS d (${names.join(", ")}) VALUES (${marks}) ${onConflict}`,
    rows: rows.map((row) => names.map((column) => (row as Readonly<Record<string, SqlValue>>)[column] ?? null)),
  };
}

/** In steps by the key, which begins with the time. */
async function removeBefore(
  sqlite: Sqlite,
  { name, timeMs }: { readonly name: string; readonly timeMs: number },
  signal: AbortSignal,
): Promise<void> {
  const oldest = `SELECT accepted_at_ms FROM ${name} WHERE accepted_at_ms < ?1 ORDER BY accepted_at_ms LIMIT ${ROWS_PER_DELETE}`;
  const sql = `DELETE FROM ${name} WHERE accepted_at_ms < ?1 AND accepted_at_ms <= (SELECT max(accepted_at_ms) FROM (${oldest}))`;
  while (!signal.aborted) {
    const [result] = await inLedgerWords(async () => sqlite.write([{ sql, rows: [[timeMs]] }]));
    if ((result?.changes ?? 0) < ROWS_PER_DELETE) return;
  }
}

async function inLedgerWords<T>(call: () => Promise<readonly T[]>): Promise<T[]> {
  try {
    return [...(await call())];
  } catch (error) {
    throw asLedgerStoreError(error);
  }
}
