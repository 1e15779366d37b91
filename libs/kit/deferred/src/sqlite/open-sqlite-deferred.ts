import type { Clock } from "@postrider/kit-lifecycle";
import type { Sqlite } from "@postrider/kit-sqlite";
import { assertDueTime, assertMaxInFlight } from "../assert-options.ts";
import { DeferredError, type Deferred, type DeferredTask } from "../deferred.ts";
import { DeferredRun } from "./deferred-run.ts";
import { insertTasks, type StoredTask } from "./due-table.ts";

export interface SqliteDeferredOptions {
  /** Opened with `deferredSchema` in its schema. */
  readonly sqlite: Sqlite;
  readonly clock: Clock;
}

/**
 * Deferred work in a SQLite table, indexed by time. One at a time may be open on a file, with one run at a time: the
 * run keeps what is due next in memory, and is told of what is added.
 */
export function openSqliteDeferred({ sqlite, clock }: SqliteDeferredOptions): Deferred {
  let current: DeferredRun | undefined;
  return {
    defer: async (tasks) => {
      for (const task of tasks) assertDueTime(task);
      const stored = await insert(sqlite, tasks);
      current?.arrive(stored);
    },
    run: async (options, signal) => {
      if (current !== undefined)
        throw new DeferredError("refused", "deferred tasks: a run is under way, one at a time is allowed");
      assertMaxInFlight(options);
      const run = new DeferredRun({ ...options, sqlite, clock }, signal);
      current = run;
      try {
        await run.run();
      } finally {
        current = undefined;
      }
    },
  };
}

async function insert(sqlite: Sqlite, tasks: readonly DeferredTask[]): Promise<readonly StoredTask[]> {
  try {
    return await insertTasks(sqlite, tasks);
  } catch (cause) {
    const words = cause instanceof Error ? cause.message : String(cause);
    throw new DeferredError("unavailable", `deferring ${tasks.length} tasks: ${words}`, { cause });
  }
}
