import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openSqlite } from "@postrider/kit-sqlite";
import { sql } from "kysely";
import { expect, onTestFinished, test } from "vitest";
import { createKysely } from "./create-kysely.ts";
import { eventStoreSchema, openSqliteEventStore } from "./sqlite-event-store.ts";
import { type ConformanceSchema, conformanceSchema } from "./testing/index.ts";
import { describeEventStore, type OpenedEventStore } from "./testing/index.ts";

async function openEmpty(): Promise<OpenedEventStore> {
  const folder = await mkdtemp(join(tmpdir(), "event-store-"));
  onTestFinished(async () => {
    await rm(folder, { recursive: true });
  });
  return await openAt(join(folder, "events.db"));
}

async function openAt(path: string): Promise<OpenedEventStore> {
  const sqlite = await openSqlite({ path, schema: [...eventStoreSchema, ...conformanceSchema] });
  return {
    store: openSqliteEventStore({ sqlite }),
    database: createKysely<ConformanceSchema>(sqlite),
    close: () => sqlite.close(),
    reopen: async () => {
      await sqlite.close();
      return await openAt(path);
    },
  };
}

const append = { stream: "a", expectedVersion: 0, events: [{ type: "t", data: 1 }], appendedAtMs: 1, projections: [] };

describeEventStore("the event store in SQLite", openEmpty);

test("once the file is closed the store says that it is unavailable", async () => {
  const { store, database, close } = await openEmpty();
  await close();
  await expect(store.load("a")).rejects.toMatchObject({ name: "EventStoreError", code: "unavailable" });
  await expect(store.revision()).rejects.toMatchObject({ code: "unavailable" });
  await expect(store.append(append)).rejects.toMatchObject({ code: "unavailable" });
  const query = database.selectFrom("tallies").selectAll().execute();
  await expect(query).rejects.toMatchObject({ name: "EventStoreError", code: "unavailable" });
});

test("a query can be run on its own, and tells what it changed", async () => {
  const { database, close } = await openEmpty();
  onTestFinished(close);
  const inserted = await database.insertInto("tallies").values({ stream: "a", events: 1 }).executeTakeFirst();
  expect(inserted.numInsertedOrUpdatedRows).toBe(1n);
  const updated = await database.updateTable("tallies").set({ events: 2 }).returningAll().execute();
  expect(updated).toEqual([{ stream: "a", events: 2 }]);
  const { rows } = await sql<{ events: number }>`select events from tallies where stream = ${"a"}`.execute(database);
  expect(rows).toEqual([{ events: 2 }]);
});

test("a transaction through the query builder is refused, and says where units of writes go", async () => {
  const { database, close } = await openEmpty();
  onTestFinished(close);
  const transaction = database.transaction().execute(async (inside) => {
    await inside.insertInto("tallies").values({ stream: "a", events: 1 }).execute();
  });
  await expect(transaction).rejects.toThrow("Sqlite.write");
});

test("a parameter that SQLite can't store is refused by its place", async () => {
  const { database, close } = await openEmpty();
  onTestFinished(close);
  const query = sql`select ${"a"}, ${true}`.execute(database);
  await expect(query).rejects.toThrow("parameter 2 is of type boolean");
});
