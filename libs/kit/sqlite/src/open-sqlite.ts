import { Worker } from "node:worker_threads";
import { Connection } from "./connection.ts";
import type { Reply, WorkerSettings } from "./messages.ts";
import { SqliteError, type Sqlite } from "./sqlite.ts";

export interface SqliteOptions {
  /** The file; it and its folder are created if they are not there. One process at a time may have it open. */
  readonly path: string;
  /** Statements that bring the schema in, in one transaction at every open: `CREATE TABLE IF NOT EXISTS ...`. */
  readonly schema: readonly string[];
}

/**
 * Opens the file on a thread of its own.
 * @throws {SqliteError} naming the path and what to do: in use by another process, not writable, damaged, no room
 */
export async function openSqlite({ path, schema }: SqliteOptions): Promise<Sqlite> {
  const workerData: WorkerSettings = { path, schema };
  const worker = new Worker(new URL("./worker.ts", import.meta.url), {
    workerData,
    name: "sqlite",
    // Flags of the process (--import hooks, --input-type) are not meant for this thread.
    execArgv: [],
  });
  await waitUntilOpen(worker, path);
  return new Connection(worker, path);
}

async function waitUntilOpen(worker: Worker, path: string): Promise<void> {
  const first = await new Promise<Reply>((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", (cause) => {
      reject(new SqliteError("io", `Cannot open ${path}: its thread did not start: ${String(cause)}`, { cause }));
    });
    worker.once("exit", () => {
      reject(new SqliteError("io", `Cannot open ${path}: its thread ended before it was open`));
    });
  });
  if (first.kind === "refused") throw new SqliteError(first.failure.code, first.failure.message);
}
