import type { Clock } from "@postrider/kit-lifecycle";
import type { Sqlite } from "@postrider/kit-sqlite";
import { DeferredError, type Deferred, type DeferredTask } from "./deferred.ts";
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
        throw new DeferredError("deferred tasks: a run is under way, one at a time is allowed");
      if (!(options.maxInFlight >= 1)) {
        throw new DeferredError(`deferred tasks: maxInFlight is ${options.maxInFlight}, it must be 1 or more`);
      }
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

function assertDueTime({ key, dueAtMs }: DeferredTask): void {
  if (Number.isSafeInteger(dueAtMs)) return;
  throw new DeferredError(`task of key ${key}: dueAtMs is ${dueAtMs}, it must be whole milliseconds since the epoch`);
}

async function insert(sqlite: Sqlite, tasks: readonly DeferredTask[]): Promise<readonly StoredTask[]> {
  try {
    return await insertTasks(sqlite, tasks);
  } catch (cause) {
    const words = cause instanceof Error ? cause.message : String(cause);
    throw new DeferredError(`deferring ${tasks.length} tasks: ${words}`, { cause });
  }
}
