import { PostgresError } from "@postrider/kit-postgres";
import { SqliteError } from "@postrider/kit-sqlite";
import { EventStoreError } from "./event-store.ts";

/** What the caller can do nothing about but wait is `unavailable`; a query that is wrong stays what it is. */
export function asEventStoreError(error: unknown): unknown {
  if (!(error instanceof SqliteError || error instanceof PostgresError)) return error;
  if (error.code === "constraint" || error.code === "other") return error;
  return new EventStoreError("unavailable", `the event store can't be used: ${error.message}`, { cause: error });
}
