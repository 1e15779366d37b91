import type { Sqlite, SqlRow } from "@postrider/kit-sqlite";
import type { LogRecord, ReadBackRange } from "./event-log.ts";
import type { Topic } from "./topic.ts";

/** The one partition of every topic in a SQLite file. */
export const onlyPartition = 0;

/** Enough to keep a reader busy over the next read, and little enough to hold twice. */
const pageRecords = 500;
const pageBytes = 4 * 1024 * 1024;

/**
 * Reads the next records from `fromOffset` on, below `beforeOffset`: up to 500 and about 4 MiB, at least one if there
 * is one. Sizes are summed before any value is touched: SQLite knows a blob's length without reading it.
 * @throws {SqliteError}
 */
export async function readPage(
  sqlite: Sqlite,
  topic: Topic,
  range: { readonly fromOffset: number; readonly beforeOffset: number },
): Promise<readonly LogRecord[]> {
  const sql = `
    WITH sized AS (
      SELECT "offset", length(value) AS size FROM ${topic.table}
      WHERE "offset" >= ? AND "offset" < ? ORDER BY "offset" LIMIT ${pageRecords}
    ), summed AS (
      SELECT "offset", sum(size) OVER (ORDER BY "offset" ROWS UNBOUNDED PRECEDING) - size AS bytes_before FROM sized
    )
    SELECT r."offset", r.key, r.headers, r.value, r.appended_at_ms
    FROM summed CROSS JOIN ${topic.table} r ON r."offset" = summed."offset"
    WHERE bytes_before < ${pageBytes} ORDER BY summed."offset"`;
  const rows = await sqlite.read(sql, [range.fromOffset, range.beforeOffset]);
  return rows.map(decodeRecord);
}

/** The offset that the next append gets. @throws {SqliteError} */
export async function findEndOffset(sqlite: Sqlite, topic: Topic): Promise<number> {
  const name = topic.table.slice(1, -1);
  const [row] = await sqlite.read("SELECT seq FROM sqlite_sequence WHERE name = ?", [name]);
  return Number(row?.["seq"] ?? 0) + 1;
}

/**
 * Pages of a {@link ReadBackRange}. Its start is found by bisection, as times grow with offsets; where the clock was
 * set back, the records of that jump may be missing.
 * @throws {SqliteError}
 */
export async function* readBack(
  sqlite: Sqlite,
  topic: Topic,
  { sinceMs, beforeOffset, fromOffset: lowest = 0 }: ReadBackRange,
): AsyncGenerator<readonly LogRecord[]> {
  let fromOffset = Math.max(lowest, await findOffsetSince(sqlite, topic, { sinceMs, beforeOffset }));
  for (;;) {
    const page = await readPage(sqlite, topic, { fromOffset, beforeOffset });
    const last = page.at(-1);
    if (last === undefined) return;
    fromOffset = last.offset + 1;
    const wanted = page.filter((record) => record.appendedAtMs >= sinceMs);
    if (wanted.length > 0) yield wanted;
  }
}

/** The lowest offset of a record appended at or after `sinceMs`; `beforeOffset` if there is none below it. */
async function findOffsetSince(
  sqlite: Sqlite,
  topic: Topic,
  { sinceMs, beforeOffset }: { readonly sinceMs: number; readonly beforeOffset: number },
): Promise<number> {
  const firstFrom = `SELECT "offset", appended_at_ms FROM ${topic.table} WHERE "offset" >= ? ORDER BY "offset" LIMIT 1`;
  const [first] = await sqlite.read(firstFrom, [0]);
  let low = Number(first?.["offset"] ?? beforeOffset);
  let high = Math.min(beforeOffset, await findEndOffset(sqlite, topic));
  while (low < high) {
    const middle = low + Math.floor((high - low) / 2);
    const [row] = await sqlite.read(firstFrom, [middle]);
    if (row === undefined || Number(row["offset"]) >= high || Number(row["appended_at_ms"]) >= sinceMs) high = middle;
    else low = Number(row["offset"]) + 1;
  }
  return low;
}

function decodeRecord(row: SqlRow): LogRecord {
  const record = {
    partition: onlyPartition,
    offset: Number(row["offset"]),
    headers: JSON.parse(String(row["headers"])) as Readonly<Record<string, string>>,
    value: row["value"] as Uint8Array,
    appendedAtMs: Number(row["appended_at_ms"]),
  };
  const key = row["key"];
  return typeof key === "string" ? { ...record, key } : record;
}
