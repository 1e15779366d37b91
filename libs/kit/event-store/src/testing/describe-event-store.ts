import type { Kysely } from "kysely";
import { describe, expect, onTestFinished, test } from "vitest";
import { type AppendToStream, type EventStore, EventStoreError, type StoredEvent } from "../event-store.ts";

/** The projection that the suite keeps: how many events a stream has, which may not pass 3. */
export interface ConformanceSchema {
  readonly tallies: { readonly stream: string; readonly events: number };
}

/** The suite's table, for the adapter's test to create beside the store's own. */
export const conformanceSchema: readonly string[] = [
  "CREATE TABLE IF NOT EXISTS tallies (stream TEXT PRIMARY KEY, events INTEGER NOT NULL CHECK (events <= 3))",
];

export interface OpenedEventStore {
  readonly store: EventStore;
  readonly database: Kysely<ConformanceSchema>;
  /** Closes it and opens the same storage again. */
  readonly reopen: () => Promise<OpenedEventStore>;
  readonly close: () => Promise<void>;
}

/** What every adapter of {@link EventStore} must do. `open` gives an empty one. */
export function describeEventStore(name: string, open: () => Promise<OpenedEventStore>): void {
  async function setUp(): Promise<OpenedEventStore> {
    const opened = await open();
    onTestFinished(opened.close);
    return opened;
  }

  describe(name, () => {
    describeStreams(setUp);
    describeConcurrency(setUp);
    describeProjections(setUp);
    describeFollowing(setUp);
  });
}

type SetUp = () => Promise<OpenedEventStore>;

function describeStreams(setUp: SetUp): void {
  test("a stream reads back in order, with versions from 1 and its data as it was", async () => {
    const { store } = await setUp();
    const first = await store.append(appending("a", 0, { name: "ä\u0000😀", nested: [1, null] }, "two"));
    await store.append(appending("b", 0, "other"));
    const last = await store.append(appending("a", 2, "three"));
    expect(await store.load("a")).toEqual([...first, ...last]);
    expect((await store.load("a")).map(({ version, data }) => ({ version, data }))).toEqual([
      { version: 1, data: { name: "ä\u0000😀", nested: [1, null] } },
      { version: 2, data: "two" },
      { version: 3, data: "three" },
    ]);
  });

  test("the data of one event can be overwritten; all else stays as it was", async () => {
    const { store, reopen } = await setUp();
    const [first, second] = await store.append(appending("a", 0, { secret: "s3cret" }, "two"));
    if (!first || !second) throw new Error("nothing was appended");
    await store.redact({ position: first.position, data: { secret: null } });
    const opened = await reopen();
    onTestFinished(opened.close);
    expect(await opened.store.load("a")).toEqual([{ ...first, data: { secret: null } }, second]);
    expect(await opened.store.revision()).toBe(second.position);
  });

  test("a stream that was never written is empty", async () => {
    const { store } = await setUp();
    expect(await store.load("nobody")).toEqual([]);
    expect(await store.revision()).toBe(0);
  });

  test("an append without events is refused", async () => {
    const { store } = await setUp();
    await expect(store.append(appending("a", 0))).rejects.toThrow(RangeError);
  });

  test("what was appended stands after a reopen, and positions go on from there", async () => {
    const { store, reopen } = await setUp();
    const before = await store.append(appending("a", 0, "one", "two"));
    const opened = await reopen();
    onTestFinished(opened.close);
    expect(await opened.store.load("a")).toEqual(before);
    const [after] = await opened.store.append(appending("a", 2, "three"));
    expect(after?.position).toBeGreaterThan(lastOf(before).position);
  });
}

function describeConcurrency(setUp: SetUp): void {
  test.each([
    ["behind", 1],
    ["ahead", 3],
  ])("an expected version %s of the stream's is a conflict that leaves nothing", async (_, expectedVersion) => {
    const { store } = await setUp();
    const before = await store.append(appending("a", 0, "one", "two"));
    const conflict = store.append(appending("a", expectedVersion, "x"));
    await expect(conflict).rejects.toThrow(EventStoreError);
    await expect(conflict).rejects.toMatchObject({ code: "conflict" });
    expect(await store.load("a")).toEqual(before);
  });

  test("of 20 who append at once on one version exactly one wins, until all have had their turn", async () => {
    const { store } = await setUp();
    const waiting = new Set(Array.from({ length: 20 }, (_, appender) => appender));
    for (let version = 0; waiting.size > 0; version++) {
      const winners = await race(store, version, waiting);
      expect(winners).toHaveLength(1);
      for (const winner of winners) waiting.delete(winner);
    }
    const events = await store.load("a");
    expect(events.map(({ version }) => version)).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
    expect(new Set(events.map(({ data }) => data)).size).toBe(20);
  });
}

function describeProjections(setUp: SetUp): void {
  test("an append and its projections are seen together", async () => {
    const { store, database } = await setUp();
    await store.append({ ...appending("a", 0, "one"), projections: [tally(database, "a", 1)] });
    expect(await database.selectFrom("tallies").selectAll().execute()).toEqual([{ stream: "a", events: 1 }]);
  });

  test("a failing projection leaves no event, and is not called a conflict", async () => {
    const { store, database } = await setUp();
    const projections = [tally(database, "a", 1), tally(database, "b", 4)];
    const failed = store.append({ ...appending("a", 0, "one"), projections });
    await expect(failed).rejects.toThrow();
    await expect(failed).rejects.not.toBeInstanceOf(EventStoreError);
    expect(await store.load("a")).toEqual([]);
    expect(await database.selectFrom("tallies").selectAll().execute()).toEqual([]);
  });

  test("a conflict leaves the projections untouched", async () => {
    const { store, database } = await setUp();
    await store.append({ ...appending("a", 0, "one"), projections: [tally(database, "a", 1)] });
    const stale = store.append({ ...appending("a", 0, "x"), projections: [tally(database, "a", 2)] });
    await expect(stale).rejects.toMatchObject({ code: "conflict" });
    expect(await database.selectFrom("tallies").selectAll().execute()).toEqual([{ stream: "a", events: 1 }]);
  });
}

function describeFollowing(setUp: SetUp): void {
  test("the revision is the position of the newest event of any stream", async () => {
    const { store } = await setUp();
    for (const stream of ["a", "b", "c"]) {
      const before = await store.revision();
      const { position } = lastOf(await store.append(appending(stream, 0, "one")));
      expect(position).toBeGreaterThan(before);
      expect(await store.revision()).toBe(position);
    }
  });

  test("readAfter pages over all streams in the order of their positions", async () => {
    const { store } = await setUp();
    const all = [
      ...(await store.append(appending("a", 0, 1, 2))),
      ...(await store.append(appending("b", 0, 3))),
      ...(await store.append(appending("a", 2, 4, 5))),
    ];
    const first = await store.readAfter(0, 2);
    const second = await store.readAfter(lastOf(first).position, 2);
    const third = await store.readAfter(lastOf(second).position, 2);
    expect([first.length, second.length, third.length]).toEqual([2, 2, 1]);
    expect([...first, ...second, ...third]).toEqual(all);
    expect(await store.readAfter(await store.revision(), 2)).toEqual([]);
  });

  test("a listener hears of each append, finds it there, and hears nothing more once it ended", async () => {
    const { store } = await setUp();
    const heard = Promise.withResolvers<undefined>();
    let calls = 0;
    const end = store.onAppended(() => {
      calls++;
      heard.resolve(undefined);
    });
    await store.append(appending("a", 0, "one"));
    await heard.promise;
    expect(await store.readAfter(0, 10)).toHaveLength(1);
    end();
    const before = calls;
    const witness = Promise.withResolvers<undefined>();
    onTestFinished(
      store.onAppended(() => {
        witness.resolve(undefined);
      }),
    );
    await store.append(appending("a", 1, "two"));
    await witness.promise;
    expect(calls).toBe(before);
  });
}

function appending(stream: string, expectedVersion: number, ...data: readonly unknown[]): AppendToStream {
  const events = data.map((each) => ({ type: "happened", data: each }));
  return { stream, expectedVersion, events, appendedAtMs: 1_700_000_000_000, projections: [] };
}

function tally(
  database: Kysely<ConformanceSchema>,
  stream: string,
  events: number,
): AppendToStream["projections"][number] {
  return database
    .insertInto("tallies")
    .values({ stream, events })
    .onConflict((conflict) => conflict.column("stream").doUpdateSet({ events }));
}

async function race(store: EventStore, version: number, appenders: ReadonlySet<number>): Promise<readonly number[]> {
  const outcomes = await Promise.all(
    [...appenders].map(async (appender) => {
      try {
        await store.append(appending("a", version, appender));
        return appender;
      } catch (error) {
        if (error instanceof EventStoreError && error.code === "conflict") return undefined;
        throw error;
      }
    }),
  );
  return outcomes.filter((appender) => appender !== undefined);
}

function lastOf(events: readonly StoredEvent[]): StoredEvent {
  const last = events.at(-1);
  if (!last) throw new Error("no events");
  return last;
}
