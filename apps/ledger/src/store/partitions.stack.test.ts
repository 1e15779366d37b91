import type { Postgres } from "@postrider/kit-postgres";
import { findStack } from "@postrider/testing";
import { describe, expect, test } from "vitest";
import { attemptOf, eventOf, NOON_MS, ofAttempt, ofEvent } from "../testing/build-entries.ts";
import { openLedgerDatabase } from "../testing/open-on-postgres.ts";
import { DAY_MS } from "./partitions.ts";
import { openPostgresLedgerStore } from "./postgres-ledger-store.ts";

async function listTables(postgres: Postgres): Promise<readonly unknown[]> {
  const { rows } = await postgres.query(
    String.raw`SELECT relname FROM pg_class WHERE relkind = 'r' AND relname LIKE 'ledger\_%' ORDER BY relname`,
  );
  return rows.map(({ relname }) => relname);
}

const ofDays = (...days: readonly string[]): readonly string[] =>
  ["ledger_attempts", "ledger_deliveries", "ledger_events"].flatMap((table) => days.map((day) => `${table}_${day}`));

describe.skipIf(findStack() === undefined)("on PostgreSQL", () => {
  test("days are made ahead, and at need for what comes late", async () => {
    const { postgres } = await openLedgerDatabase();
    const store = openPostgresLedgerStore({ postgres, keptDataBytes: 100 });
    await store.prepare(NOON_MS, NOON_MS + DAY_MS);
    await store.prepare(NOON_MS, NOON_MS + DAY_MS);
    expect(await listTables(postgres)).toEqual(ofDays("20260101", "20260102"));
    await store.add([ofAttempt(attemptOf({ acceptedAtMs: NOON_MS - DAY_MS }))]);
    expect(await listTables(postgres)).toEqual(ofDays("20251231", "20260101", "20260102"));
  });

  test("old days are dropped whole, and one that another process dropped is made again", async () => {
    const { postgres } = await openLedgerDatabase();
    const [store, other] = [100, 100].map((keptDataBytes) => openPostgresLedgerStore({ postgres, keptDataBytes }));
    const old = ofEvent(eventOf({ acceptedAtMs: NOON_MS - DAY_MS }));
    await store?.add([old, ofEvent(eventOf())]);
    await other?.removeBefore(NOON_MS - DAY_MS / 2, new AbortController().signal);
    expect(await listTables(postgres)).toEqual(ofDays("20260101"));
    await expect(store?.add([old])).rejects.toThrow("no partition");
    expect(await store?.add([old])).toEqual({ events: 1, attempts: 0 });
  });

  test("processes that begin together, and write the same, do not get in each other's way", async () => {
    const { postgres } = await openLedgerDatabase();
    const stores = Array.from({ length: 4 }, () => openPostgresLedgerStore({ postgres, keptDataBytes: 100 }));
    const entries = Array.from({ length: 200 }, (_, index) => ofAttempt(attemptOf({ eventId: `evt_${index}` })));
    const added = await Promise.all(
      stores.map(async (store, index) => store.add(index % 2 === 0 ? entries : entries.toReversed())),
    );
    expect(added.reduce((sum, { attempts }) => sum + attempts, 0)).toBe(200);
  });
});
