import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openSqlite } from "@postrider/kit-sqlite";
import { onTestFinished } from "vitest";
import { sqliteLedgerSchema } from "../store/ledger-schema.ts";
import type { LedgerStore } from "../store/ledger-store.ts";
import { openSqliteLedgerStore } from "../store/sqlite-ledger-store.ts";

/** An empty store that ends with the test. */
export type OpenStore = (options?: { readonly keptDataBytes?: number }) => Promise<LedgerStore>;

export const openOnSqlite: OpenStore = async ({ keptDataBytes = 262_144 } = {}) => {
  const folder = await mkdtemp(join(tmpdir(), "ledger-"));
  const sqlite = await openSqlite({ path: join(folder, "postrider.sqlite"), schema: sqliteLedgerSchema });
  onTestFinished(async () => {
    await sqlite.close();
    await rm(folder, { recursive: true });
  });
  return openSqliteLedgerStore({ sqlite, keptDataBytes });
};
