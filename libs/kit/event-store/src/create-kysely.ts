import { createSqliteDialect, type Sqlite } from "@postrider/kit-sqlite";
import { Kysely } from "kysely";
import { asEventStoreError } from "./as-event-store-error.ts";

/**
 * Typed queries over a file that is already open; each is durable when it resolves, if it writes. A file that can't be
 * used rejects as the event store does. Destroying it leaves the file open: that belongs to who opened it.
 */
export function createKysely<Schema>(sqlite: Sqlite): Kysely<Schema> {
  return new Kysely<Schema>({ dialect: createSqliteDialect(sqlite, asEventStoreError) });
}
