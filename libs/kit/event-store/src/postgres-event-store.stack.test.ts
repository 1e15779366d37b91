import { openPostgres, type Postgres } from "@postrider/kit-postgres";
import { createTestDatabase, type TestDatabase } from "@postrider/kit-postgres/testing";
import { createWatchers, FakeClock, findStack } from "@postrider/testing";
import { type Compilable, type Kysely, sql } from "kysely";
import { describe, expect, onTestFinished, test } from "vitest";
import { createPostgresKysely } from "./create-postgres-kysely.ts";
import type { AppendToStream, EventStore, StoredEvent } from "./event-store.ts";
import { openPostgresEventStore, postgresEventStoreSchema } from "./postgres-event-store.ts";
import {
  type ConformanceSchema,
  conformanceSchema,
  describeEventStore,
  type OpenedEventStore,
} from "./testing/index.ts";

const stack = findStack();

async function createDatabase(): Promise<TestDatabase> {
  const database = await createTestDatabase(stack?.databaseUrl ?? "");
  onTestFinished(database.drop);
  return database;
}

interface Opened extends OpenedEventStore {
  readonly postgres: Postgres;
  readonly database: Kysely<ConformanceSchema>;
}

async function openAt(url: string, clock?: FakeClock): Promise<Opened> {
  const schema = [...postgresEventStoreSchema, ...conformanceSchema];
  const postgres = await openPostgres({ url, schema, applicationName: "event-store-test" });
  return {
    postgres,
    store: openPostgresEventStore({ postgres, ...(clock && { clock }) }),
    database: createPostgresKysely<ConformanceSchema>(postgres),
    close: postgres.close,
    reopen: async () => {
      await postgres.close();
      return await openAt(url);
    },
  };
}

async function openUntilEnd(url: string, clock?: FakeClock): Promise<Opened> {
  const opened = await openAt(url, clock);
  onTestFinished(opened.close);
  return opened;
}

function appending(stream: string, expectedVersion: number, projections: readonly Compilable[] = []): AppendToStream {
  const events = [{ type: "happened", data: { stream, version: expectedVersion + 1 } }];
  return { stream, expectedVersion, events, appendedAtMs: 1, projections };
}

/** Counts what a listener hears. */
function countCalls(store: EventStore) {
  const watchers = createWatchers();
  let calls = 0;
  const end = store.onAppended(() => {
    calls++;
    watchers.changed();
  });
  onTestFinished(end);
  const waitFor = async (count: number): Promise<void> => {
    await watchers.waitUntil(
      () => calls >= count,
      () => `${calls} calls of ${count}`,
    );
  };
  return { waitFor, end, calls: () => calls };
}

/** With a listener that was called once already, since listening has begun: from then on each call has its cause. */
async function openListening(url: string, clock?: FakeClock): Promise<Opened & ReturnType<typeof countCalls>> {
  const opened = await openUntilEnd(url, clock);
  const counting = countCalls(opened.store);
  await counting.waitFor(1);
  return { ...opened, ...counting };
}

describe.skipIf(stack === undefined)("on PostgreSQL", () => {
  describeEventStore("the event store in PostgreSQL", async () => await openAt((await createDatabase()).url));

  test("the listeners of every process hear of an append once, and find it there", async () => {
    const { url } = await createDatabase();
    // Time stands still, so it is not the looking now and then that tells.
    const opened = await Promise.all([1, 2, 3].map(async () => await openListening(url, new FakeClock())));
    for (const version of [0, 1, 2]) {
      await opened[0]?.store.append(appending("a", version));
      for (const { waitFor, store } of opened) {
        await waitFor(version + 2);
        expect(await store.load("a")).toHaveLength(version + 1);
      }
    }
    expect(opened.map(({ calls }) => calls())).toEqual([4, 4, 4]);
  });

  test("a reader that follows sees every event once and in order, however many append at once", async () => {
    const { url } = await createDatabase();
    const opened = await Promise.all([1, 2, 3, 4].map(async () => await openUntilEnd(url)));
    const appendAll = async ({ store, database }: Opened, stream: string): Promise<void> => {
      for (let version = 0; version < 10; version++) {
        // Transactions of different lengths: the lower positions of a long one must not come late.
        const sleep = { compile: () => sql`SELECT pg_sleep(random() * 0.004)`.compile(database) };
        await store.append(appending(stream, version, [sleep]));
      }
    };
    const streams = opened.flatMap((each, process) =>
      Array.from({ length: 5 }, async (_, appender) => {
        await appendAll(each, `${process}/${appender}`);
      }),
    );
    const seen = await readAll(opened[0]?.store, Promise.all(streams));
    expect(seen).toHaveLength(4 * 5 * 10);
    expect(new Set(seen.map(({ stream, version }) => `${stream} ${version}`)).size).toBe(seen.length);
    const positions = seen.map(({ position }) => position);
    expect(positions).toEqual(positions.toSorted((a, b) => a - b));
  });

  test("an append whose notification was lost is found within 5 seconds, while somebody listens", async () => {
    const clock = new FakeClock();
    const { postgres, waitFor, calls, end } = await openListening((await createDatabase()).url, clock);
    await postgres.query(
      "INSERT INTO events (stream, version, type, data, appended_at_ms) VALUES ('a', 1, 't', '1', 1)",
    );
    clock.advance(4999);
    expect(calls()).toBe(1);
    clock.advance(1);
    await waitFor(2);
    end();
    expect(clock.pendingCount).toBe(0);
  });

  test("after a restore to an earlier state listeners are told, and appends count from there", async () => {
    const clock = new FakeClock();
    const { store, postgres, waitFor } = await openListening((await createDatabase()).url, clock);
    for (const version of [0, 1, 2]) await store.append(appending("a", version));
    await waitFor(4);
    await postgres.query("DELETE FROM events WHERE version > 1");
    await postgres.query("ALTER TABLE events ALTER COLUMN position RESTART WITH 2");
    clock.advance(5000);
    await waitFor(5);
    await store.append(appending("a", 1));
    await waitFor(6);
  });

  test("a writer beside the store, without its lock, loses or wins as a whole", async () => {
    const { store, database } = await openUntilEnd((await createDatabase()).url);
    const intruder = {
      compile: () =>
        sql`INSERT INTO events (stream, version, type, data, appended_at_ms) VALUES ('a', 1, 't', '1', 1)`.compile(
          database,
        ),
    };
    const losing = store.append(appending("a", 0, [intruder]));
    await expect(losing).rejects.toMatchObject({ name: "EventStoreError", code: "conflict" });
    expect(await store.load("a")).toEqual([]);
  });

  test("a stream name that PostgreSQL can't hold is one that was never written", async () => {
    const { store } = await openUntilEnd((await createDatabase()).url);
    expect(await store.load("a\0b")).toEqual([]);
  });

  test("streams and versions are kept apart by bytes, whatever the collation", async () => {
    const { store } = await openUntilEnd((await createDatabase()).url);
    for (const stream of ["a", "A", "ä", "a\u0308"]) await store.append(appending(stream, 0));
    for (const stream of ["a", "A", "ä", "a\u0308"]) expect(await store.load(stream)).toHaveLength(1);
  });

  describe("when connections die", () => {
    test("appends under way succeed or are unavailable, never half, and the next ones succeed", async () => {
      const { url, killConnections } = await createDatabase();
      const { store, database, postgres } = await openUntilEnd(url);
      const failures: unknown[] = [];
      const state = { isKilling: true };
      const appendTo = async (stream: string): Promise<void> => {
        for (let version = 0; state.isKilling;) {
          const projection = database
            .insertInto("tallies")
            .values({ stream: `${stream}/${version}`, events: 1 })
            .onConflict((conflict) => conflict.column("stream").doUpdateSet({ events: 1 }));
          try {
            await store.append(appending(stream, version, [projection]));
            version++;
          } catch (error) {
            failures.push(error);
            // What the answer did not tell, the stream does.
            version = await readVersion(store, stream);
          }
        }
      };
      const appenders = ["a", "b", "c", "d", "e"].map(appendTo);
      for (let kills = 0; kills < 8; kills++) await killConnections();
      state.isKilling = false;
      await Promise.all(appenders);
      expect(failures.length).toBeGreaterThan(0);
      for (const failure of failures) expect(failure).toMatchObject({ name: "EventStoreError", code: "unavailable" });
      await store.append(appending("f", 0));
      const events = (await store.readAfter(0, 100_000)).slice(0, -1);
      const rows = await postgres.read("SELECT stream FROM tallies");
      const projected = events.map(({ stream, version }) => `${stream}/${version - 1}`);
      expect(new Set(rows.map(({ stream }) => stream))).toEqual(new Set(projected));
    });

    test("listeners are told afterwards that something may have been missed, and hear again", async () => {
      const { url, killConnections } = await createDatabase();
      const { store: other } = await openUntilEnd(url);
      const { waitFor } = await openListening(url, new FakeClock());
      await killConnections();
      await waitFor(2);
      await other.append(appending("a", 0));
      await waitFor(3);
    });
  });

  test("while the database takes nobody all is unavailable, then all is as before", async () => {
    const { url, admit } = await createDatabase();
    const { store, database } = await openUntilEnd(url);
    await store.append(appending("a", 0));
    await admit(false);
    const outcomes = await Promise.allSettled([
      store.load("a"),
      store.revision(),
      store.readAfter(0, 1),
      store.append(appending("a", 1)),
      database.selectFrom("tallies").selectAll().execute(),
    ]);
    const refusal = { status: "rejected", reason: { name: "EventStoreError", code: "unavailable" } };
    expect(outcomes).toMatchObject(Array(5).fill(refusal));
    await admit(true);
    await store.append(appending("a", 1));
    expect(await store.load("a")).toHaveLength(2);
  });

  test("once closed the store says that it is unavailable", async () => {
    const { store, database, close } = await openAt((await createDatabase()).url);
    await close();
    await expect(store.load("a")).rejects.toMatchObject({ name: "EventStoreError", code: "unavailable" });
    await expect(store.append(appending("a", 0))).rejects.toMatchObject({ code: "unavailable" });
    const query = database.selectFrom("tallies").selectAll().execute();
    await expect(query).rejects.toMatchObject({ name: "EventStoreError", code: "unavailable" });
  });
});

/** Follows from the beginning until the writers have ended. */
async function readAll(store: EventStore | undefined, writing: Promise<unknown>): Promise<readonly StoredEvent[]> {
  const seen: StoredEvent[] = [];
  const state = { isWriting: true };
  const ended = writing.finally(() => {
    state.isWriting = false;
  });
  for (;;) {
    const isLast = !state.isWriting;
    const page = (await store?.readAfter(seen.at(-1)?.position ?? 0, 7)) ?? [];
    seen.push(...page);
    if (isLast && page.length === 0) break;
  }
  await ended;
  return seen;
}

/** Asks until it is told: the connections that answer are being killed. */
async function readVersion(store: EventStore, stream: string): Promise<number> {
  for (;;) {
    try {
      return (await store.load(stream)).length;
    } catch (error) {
      expect(error).toMatchObject({ code: "unavailable" });
    }
  }
}
