import { openPostgres, type Postgres } from "@postrider/kit-postgres";
import { createTestDatabase } from "@postrider/kit-postgres/testing";
import { findStack } from "@postrider/testing";
import { onTestFinished } from "vitest";
import { postgresLedgerSchema } from "../store/ledger-schema.ts";
import { openPostgresLedgerStore } from "../store/postgres-ledger-store.ts";
import type { OpenStore } from "./open-on-sqlite.ts";

export const openOnPostgres: OpenStore = async ({ keptDataBytes = 262_144 } = {}) =>
  openPostgresLedgerStore({ postgres: (await openLedgerDatabase()).postgres, keptDataBytes });

/** A database of its own with the ledger's tables; ends with the test. */
export async function openLedgerDatabase(): Promise<{ readonly postgres: Postgres; readonly url: string }> {
  const database = await createTestDatabase(findStack()?.databaseUrl ?? "");
  onTestFinished(database.drop);
  const postgres = await openPostgres({
    url: database.url,
    schema: postgresLedgerSchema,
    applicationName: "ledger-test",
  });
  onTestFinished(postgres.close);
  return { postgres, url: database.url };
}
