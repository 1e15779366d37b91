import type { Sqlite, SqlRow } from "@postrider/kit-sqlite";
import type { DeferredTask } from "../deferred.ts";

/** A task as it stands in the table. */
export interface StoredTask {
  readonly id: number;
  readonly task: DeferredTask;
  /** When it may be handed out: its due time, later after a handling that failed. */
  readonly handOutAtMs: number;
  /** How often its handling failed. */
  readonly failures: number;
}

/** A place in the order of handing out: by time, then by id. */
export type Place = Pick<StoredTask, "handOutAtMs" | "id">;

/** Memory holds about this much of what waits, however much that is. */
export const pageTasks = 1_000;
export const pageBytes = 4 * 1024 * 1024;

/** DDL for {@link openSqliteDeferred}, to be given to `openSqlite`. Idempotent. */
export const deferredSchema: readonly string[] = [
  // AUTOINCREMENT: an id is never given out again, so a late deletion can't hit another task.
  `CREATE TABLE IF NOT EXISTS deferred (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    due_at_ms INTEGER NOT NULL,
    hand_out_at_ms INTEGER NOT NULL,
    failures INTEGER NOT NULL,
    key TEXT NOT NULL,
    value BLOB NOT NULL)`,
  "CREATE INDEX IF NOT EXISTS deferred_by_hand_out ON deferred (hand_out_at_ms)",
];

/** Inserts the tasks as one unit and gives their ids. @throws {SqliteError} */
export async function insertTasks(sqlite: Sqlite, tasks: readonly DeferredTask[]): Promise<readonly StoredTask[]> {
  if (tasks.length === 0) return [];
  const sql = "INSERT INTO deferred (due_at_ms, hand_out_at_ms, failures, key, value) VALUES (?, ?, 0, ?, ?)";
  const rows = tasks.map(({ dueAtMs, key, value }) => [dueAtMs, dueAtMs, key, value]);
  const [result] = await sqlite.write([{ sql, rows }]);
  const firstId = (result?.lastRowid ?? 0) - tasks.length + 1;
  return tasks.map((task, index) => ({ id: firstId + index, task, handOutAtMs: task.dueAtMs, failures: 0 }));
}

/** The next tasks after a place, in order: up to {@link pageTasks} and about {@link pageBytes}. @throws {SqliteError} */
export async function readTasksAfter(sqlite: Sqlite, place: Place): Promise<readonly StoredTask[]> {
  const sql = `
    WITH sized AS (
      SELECT id, hand_out_at_ms, length(value) AS size FROM deferred
      WHERE (hand_out_at_ms, id) > (?, ?) ORDER BY hand_out_at_ms, id LIMIT ${pageTasks}
    ), summed AS (
      SELECT id, hand_out_at_ms,
        sum(size) OVER (ORDER BY hand_out_at_ms, id ROWS UNBOUNDED PRECEDING) - size AS bytes_before
      FROM sized
    )
    SELECT d.* FROM summed CROSS JOIN deferred d ON d.id = summed.id
    WHERE bytes_before < ${pageBytes} ORDER BY summed.hand_out_at_ms, summed.id`;
  const rows = await sqlite.read(sql, [place.handOutAtMs, place.id]);
  return rows.map(decodeTask);
}

/** What came of handlings, to be written down. */
export interface Settlement {
  readonly finished: readonly StoredTask[];
  /** With the new time and count. */
  readonly postponed: readonly StoredTask[];
}

/** @throws {SqliteError} */
export async function storeSettlement(sqlite: Sqlite, { finished, postponed }: Settlement): Promise<void> {
  const moved = postponed.map(({ id, handOutAtMs, failures }) => [handOutAtMs, failures, id]);
  await sqlite.write([
    { sql: "DELETE FROM deferred WHERE id = ?", rows: finished.map(({ id }) => [id]) },
    { sql: "UPDATE deferred SET hand_out_at_ms = ?, failures = ? WHERE id = ?", rows: moved },
  ]);
}

function decodeTask(row: SqlRow): StoredTask {
  const task = {
    key: String(row["key"]),
    value: row["value"] as Uint8Array,
    dueAtMs: Number(row["due_at_ms"]),
  };
  const failures = Number(row["failures"]);
  return { id: Number(row["id"]), task, handOutAtMs: Number(row["hand_out_at_ms"]), failures };
}
