import { PostgresError } from "@postrider/kit-postgres";
import { SqliteError } from "@postrider/kit-sqlite";
import { LedgerStoreError } from "./ledger-store.ts";

/** A database's failure in the store's words; what is none stays what it is. */
export function asLedgerStoreError(error: unknown): unknown {
  if (!(error instanceof SqliteError || error instanceof PostgresError)) return error;
  const code = error.code === "constraint" || error.code === "other" ? "refused" : "unavailable";
  return new LedgerStoreError(code, `the ledger's database: ${error.message}`, { cause: error });
}
