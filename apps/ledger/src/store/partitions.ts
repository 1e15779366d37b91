import type { Postgres, RunQuery } from "@postrider/kit-postgres";
import { TABLES } from "./ledger-schema.ts";

/*
 * Each table has a partition for each day (UTC) of acceptance. So what is too old goes by dropping a table, which costs
 * nothing, and a list that asks for a time looks at its days only.
 */

export const DAY_MS = 86_400_000;

/** Two processes that make or drop partitions do so one after the other. Any number that no other lock has. */
const PARTITIONS_LOCK = 0x6c646772;
/** Dropping needs the table for itself for a moment: rather later than having everybody wait behind a long query. */
const DROP_LOCK_TIMEOUT_MS = 2000;

/** The beginning of the day. */
export function dayOf(timeMs: number): number {
  return Math.floor(timeMs / DAY_MS) * DAY_MS;
}

/** Makes what is missing of the days' partitions. @throws {PostgresError} */
export async function createPartitions(postgres: Postgres, daysMs: readonly number[]): Promise<void> {
  await postgres.inTransaction(
    async (query) => {
      const existing = new Set(await listPartitions(query));
      for (const { name } of Object.values(TABLES)) {
        for (const dayMs of daysMs) {
          const partition = partitionOf(name, dayMs);
          if (existing.has(partition)) continue;
          // Made aside and then attached: who reads or writes other days does not wait.
          await query(`CREATE TABLE ${partition} (LIKE ${name} INCLUDING ALL)`);
          const bounds = `FROM (${dayMs}) TO (${dayMs + DAY_MS})`;
          await query(`ALTER TABLE ${name} ATTACH PARTITION ${partition} FOR VALUES ${bounds}`);
        }
      }
    },
    { lockKey: PARTITIONS_LOCK },
  );
}

/** Drops the partitions of all days that ended by then. @throws {PostgresError} */
export async function dropPartitionsBefore(postgres: Postgres, timeMs: number): Promise<void> {
  const old = (await listPartitions(postgres.query)).filter(
    (partition) => dayOfPartition(partition) + DAY_MS <= timeMs,
  );
  for (const partition of old) {
    await postgres.inTransaction(
      async (query) => {
        await query(`SET LOCAL lock_timeout = ${DROP_LOCK_TIMEOUT_MS}`);
        await query(`DROP TABLE IF EXISTS ${partition}`);
      },
      { lockKey: PARTITIONS_LOCK },
    );
  }
}

async function listPartitions(query: RunQuery): Promise<readonly string[]> {
  const parents = Object.values(TABLES).map(({ name }) => name);
  const { rows } = await query(
    `SELECT child.relname AS name FROM pg_inherits
     JOIN pg_class child ON child.oid = inhrelid
     WHERE inhparent = ANY (SELECT to_regclass(parent) FROM unnest($1::text[]) AS parent)`,
    [parents],
  );
  return rows.map(({ name }) => String(name)).filter((name) => !Number.isNaN(dayOfPartition(name)));
}

/** Such as ledger_events_20300131. */
function partitionOf(table: string, dayMs: number): string {
  return `${table}_${new Date(dayMs).toISOString().slice(0, 10).replaceAll("-", "")}`;
}

/** NaN for one that was not made here. */
function dayOfPartition(partition: string): number {
  const [, year, month, day] = /_(\d{4})(\d\d)(\d\d)$/.exec(partition) ?? [];
  return Date.parse(`${year ?? ""}-${month ?? ""}-${day ?? ""}`);
}
