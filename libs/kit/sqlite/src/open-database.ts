import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";

/** A process that is being replaced needs a moment to let go of the file. */
const busyTimeoutMs = 1_000;

/**
 * - EXCLUSIVE: one process owns the file, and a second one fails at once instead of mixing in. The lock is the
 *   operating system's, so it ends with the process, however that ends. It also spares the shared-memory index.
 * - FULL: each commit is synced; in WAL mode NORMAL would lose the last commits in a power cut.
 * - Pages of 8 KiB hold seven records of 1 KiB where 4 KiB hold three: 15 % less written, 20 % faster appends.
 * - A checkpoint every 4,000 pages (32 MiB): less often than the default 1,000, as each costs two syncs.
 * - Sub-journals of savepoints stay in memory.
 * - FAST: a row that is deleted or overwritten is zeroed in its page, which is written anyway. Pages that become free as a
 *   whole keep what they had.
 */
const pragmas = [
  "PRAGMA page_size = 8192",
  "PRAGMA locking_mode = EXCLUSIVE",
  "PRAGMA synchronous = FULL",
  "PRAGMA wal_autocheckpoint = 4000",
  "PRAGMA journal_size_limit = 67108864",
  "PRAGMA cache_size = -8192",
  "PRAGMA temp_store = MEMORY",
  "PRAGMA secure_delete = FAST",
];

/**
 * Opens or creates the file and its folder, takes the lock, and brings the schema in. Runs on the worker's thread.
 * @throws what the file system or SQLite says
 */
export function openDatabase(path: string, schema: readonly string[]): DatabaseSync {
  mkdirSync(dirname(path), { recursive: true });
  const database = new DatabaseSync(path, { timeout: busyTimeoutMs });
  try {
    for (const pragma of pragmas) database.exec(pragma);
    enterWalMode(database);
    database.exec("BEGIN IMMEDIATE");
    for (const ddl of schema) database.exec(ddl);
    database.exec("COMMIT");
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

function enterWalMode(database: DatabaseSync): void {
  const mode = database.prepare("PRAGMA journal_mode = WAL").get()?.["journal_mode"];
  if (mode !== "wal") throw new Error(`journal mode is ${String(mode)} where it must be wal`);
}
