import { SqliteError } from "@postrider/kit-sqlite";
import { EventStoreError } from "./event-store.ts";

/** What the caller can do nothing about but wait is `unavailable`; a query that is wrong stays what it is. */
export function asEventStoreError(error: unknown): unknown {
  if (!(error instanceof SqliteError) || error.code === "constraint" || error.code === "other") return error;
  return new EventStoreError("unavailable", `the event store can't be used: ${error.message}`, { cause: error });
}
