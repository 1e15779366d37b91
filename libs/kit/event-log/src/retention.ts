import { pause, type Clock } from "@postrider/kit-lifecycle";
import type { Sqlite } from "@postrider/kit-sqlite";
import type { Topic } from "./topic.ts";

/** Deleted in one unit: some milliseconds of the worker's time, so that appends between two units hardly notice. */
const recordsPerUnit = 1_000;

export interface RetentionOptions {
  readonly sqlite: Sqlite;
  readonly topics: Iterable<Topic>;
  readonly clock: Clock;
  readonly sweepMs: number;
}

/** Sweeps every `sweepMs` until the signal aborts. */
export async function runRetention(
  { sqlite, topics, clock, sweepMs }: RetentionOptions,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    await pause(clock, sweepMs, signal);
    for (const topic of topics) {
      try {
        await sweep({ sqlite, topic, olderThanMs: clock.nowMs() - topic.settings.retentionMs }, signal);
      } catch {
        // What could not be deleted now is deleted by a later sweep; what is wrong with the file shows on appends.
      }
      if (signal.aborted) return;
    }
  }
}

/** Deletes, oldest first, what is older than `olderThanMs` and below every group's position. */
async function sweep(
  { sqlite, topic, olderThanMs }: { readonly sqlite: Sqlite; readonly topic: Topic; readonly olderThanMs: number },
  signal: AbortSignal,
): Promise<void> {
  // Without a group nothing bounds the offsets. The subselect bounds what is looked at, not only what is deleted.
  const sql = `DELETE FROM ${topic.table} WHERE appended_at_ms < ? AND "offset" IN (
    SELECT "offset" FROM ${topic.table}
    WHERE "offset" < coalesce((SELECT min("offset") FROM log_positions WHERE topic = ?), 9007199254740991)
    ORDER BY "offset" LIMIT ${recordsPerUnit})`;
  while (!signal.aborted) {
    const [result] = await sqlite.write([{ sql, rows: [[olderThanMs, topic.settings.name]] }]);
    if ((result?.changes ?? 0) < recordsPerUnit) return;
  }
}
