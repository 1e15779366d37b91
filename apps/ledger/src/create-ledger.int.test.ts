import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type EventLog, eventLogSchema, openSqliteEventLog } from "@postrider/kit-event-log";
import { systemClock } from "@postrider/kit-lifecycle";
import { openSqlite } from "@postrider/kit-sqlite";
import { createLogger, createRegistry } from "@postrider/kit-telemetry";
import { deliveryIdOf, encodeAttempts, encodeDeadLetter, encodeEvent, TOPICS } from "@postrider/records";
import { createWatchers, type Watchers } from "@postrider/testing";
import { expect, onTestFinished, test } from "vitest";
import { createLedger, type LedgerDeps } from "./create-ledger.ts";
import type { LedgerEntry } from "./store/ledger-entry.ts";
import { sqliteLedgerSchema } from "./store/ledger-schema.ts";
import { type LedgerStore, LedgerStoreError } from "./store/ledger-store.ts";
import { openSqliteLedgerStore } from "./store/sqlite-ledger-store.ts";
import { attemptOf, eventOf, failedAttemptOf, letterOf } from "./testing/build-entries.ts";

const topics = Object.values(TOPICS);

interface Bench {
  readonly log: EventLog;
  readonly store: LedgerStore;
  readonly watchers: Watchers;
  readonly start: (store: LedgerStore) => Running;
}

interface Running {
  readonly metric: (name: string) => Promise<string>;
  readonly stop: () => Promise<void>;
}

/** A real log and a real store in one file, as in standalone. */
async function openBench(): Promise<Bench> {
  const folder = await mkdtemp(join(tmpdir(), "ledger-"));
  const schema = [...eventLogSchema(topics), ...sqliteLedgerSchema];
  const sqlite = await openSqlite({ path: join(folder, "postrider.sqlite"), schema });
  const log = openSqliteEventLog({
    sqlite,
    topics: topics.map((name) => ({ name, retentionMs: 86_400_000 })),
    clock: systemClock,
  });
  onTestFinished(async () => {
    await log.close();
    await sqlite.close();
    await rm(folder, { recursive: true });
  });
  const store = openSqliteLedgerStore({ sqlite, keptDataBytes: 1000 });
  return { log, store, watchers: createWatchers(), start: (given) => startLedger({ log, store: given }) };
}

function startLedger(deps: Pick<LedgerDeps, "log" | "store">): Running {
  const [registry, stopping] = [createRegistry(), new AbortController()];
  const logger = createLogger({ service: "test", level: "silent" });
  const ledger = createLedger({
    ...deps,
    clock: systemClock,
    registry,
    logger,
    retentionMs: 30 * 86_400_000,
    restFactor: 0,
  });
  const ended = ledger.projection.run(stopping.signal);
  const stop = async (): Promise<void> => {
    stopping.abort();
    await ended;
  };
  onTestFinished(stop);
  return {
    stop,
    metric: async (name) => (await registry.getSingleMetricAsString(name)).split("\n").slice(2).join("\n"),
  };
}

/** Accepted now: what is older than the ledger's retention is not kept. */
function recent(index = 0): { readonly acceptedAtMs: number; readonly startedAtMs: number } {
  const acceptedAtMs = Date.now() - 1000 + index;
  return { acceptedAtMs, startedAtMs: acceptedAtMs + 10 };
}

const idOf = (eventId: string): string => deliveryIdOf(eventId, "sub_1");

async function countAttempts(store: LedgerStore, eventId: string): Promise<number> {
  const delivery = await store.findDelivery({ id: idOf(eventId), tenantId: undefined, acceptedAtMs: undefined });
  if (!delivery) return 0;
  const { id: deliveryId, accepted_at_ms: acceptedAtMs } = delivery;
  return (await store.listAttempts({ deliveryId, acceptedAtMs, limit: 100 })).length;
}

test("what stands in the three topics is in the ledger, whatever else stands there, and once after a new start", async () => {
  const { log, store, watchers, start } = await openBench();
  const [first, second] = [recent(), recent(1)];
  const garbage = { headers: {}, value: Buffer.from([255, 255, 255]) };
  await log.writer.append([
    encodeEvent(eventOf()),
    { topic: TOPICS.events, ...garbage },
    { topic: TOPICS.attempts, ...garbage },
    { topic: TOPICS.deadLetters, ...garbage },
    encodeAttempts([failedAttemptOf(first), failedAttemptOf({ eventId: "evt_2", ...second })]),
    encodeDeadLetter(letterOf({ event: eventOf({ id: "evt_3", ...second }) })),
  ]);
  let added = 0;
  const counting: LedgerStore = {
    ...store,
    add: async (entries) => {
      const result = await store.add(entries);
      added += entries.length;
      watchers.changed();
      return result;
    },
  };
  const running = start(counting);
  await watchers.waitUntil(
    () => added === 4,
    () => `${added} of 4 entries were added`,
  );
  const find = async (eventId: string): Promise<unknown> =>
    (await store.findDelivery({ id: idOf(eventId), tenantId: "acme", acceptedAtMs: undefined }))?.state;
  expect(await Promise.all(["evt_1", "evt_2", "evt_3"].map(find))).toEqual(["waiting", "waiting", "dead"]);
  expect(await store.findEvent({ id: "evt_1", tenantId: "acme", acceptedAtMs: undefined })).toBeDefined();
  expect(await running.metric("postrider_ledger_skipped_total")).toContain('{reason="malformed"} 3');
  await running.stop();

  await log.writer.append([encodeAttempts([attemptOf({ number: 2, ...first, startedAtMs: first.startedAtMs + 1 })])]);
  const again = start(counting);
  await watchers.waitUntil(
    () => added >= 5,
    () => `${added} of 5 entries were added`,
  );
  expect(added).toBe(5);
  expect(await countAttempts(store, "evt_1")).toBe(2);
  await again.stop();
});

test("a database that is away holds up nothing but the ledger, which shows its lag and catches up", async () => {
  const { log, store, watchers, start } = await openBench();
  let isAway = true;
  let tries = 0;
  const written = new Set<string>();
  const flaky: LedgerStore = {
    ...store,
    add: async (entries) => {
      tries += 1;
      watchers.changed();
      if (isAway) throw new LedgerStoreError("unavailable", "away");
      const added = await store.add(entries);
      for (const entry of entries) if (entry.kind === "attempt") written.add(entry.attempt.eventId);
      watchers.changed();
      return added;
    },
  };
  const running = start(flaky);
  const publish = async (count: number): Promise<void> => {
    for (let index = 0; index < count; index += 1) {
      await log.writer.append([encodeAttempts([attemptOf({ eventId: `evt_${index}`, ...recent(index) })])]);
    }
  };
  await publish(3);
  await watchers.waitUntil(
    () => tries >= 2,
    () => "it did not try again",
  );
  const waiting = await running.metric("postrider_ledger_waiting_records");
  expect(waiting).toMatch(/topic="postrider.attempts"} 3/);
  expect(await running.metric("postrider_ledger_lag_seconds")).toMatch(/topic="postrider.attempts"} 0\.\d+/);
  // Ended while the database is away: the position is where it was.
  await running.stop();
  isAway = false;
  start(flaky);
  await watchers.waitUntil(
    () => written.size === 3,
    () => `${written.size} of 3 were written`,
  );
  expect(await countAttempts(store, "evt_2")).toBe(1);
});

test("an entry that the database refuses is skipped alone, told and counted", async () => {
  const { log, store, watchers, start } = await openBench();
  const written = new Set<string>();
  const isBad = (entry: LedgerEntry): boolean => entry.kind === "attempt" && entry.attempt.eventId === "evt_13";
  const picky: LedgerStore = {
    ...store,
    add: async (entries) => {
      if (entries.some(isBad)) throw new LedgerStoreError("refused", "not this one");
      const added = await store.add(entries);
      for (const entry of entries) if (entry.kind === "attempt") written.add(entry.attempt.eventId);
      watchers.changed();
      return added;
    },
  };
  const running = start(picky);
  const attempts = Array.from({ length: 20 }, (_, index) => attemptOf({ eventId: `evt_${index}`, ...recent(index) }));
  await log.writer.append([encodeAttempts(attempts)]);
  await watchers.waitUntil(
    () => written.size === 19,
    () => `${written.size} of 19 were written`,
  );
  expect(await running.metric("postrider_ledger_skipped_total")).toContain('{reason="refused"} 1');
  expect(written.has("evt_13")).toBe(false);
});

test("what is older than the ledger's retention, or of a time to come, is not kept", async () => {
  const { log, store, watchers, start } = await openBench();
  const old = Date.now() - 40 * 86_400_000;
  let isWritten = false;
  const watched: LedgerStore = {
    ...store,
    add: async (entries) => {
      const added = await store.add(entries);
      isWritten = true;
      watchers.changed();
      return added;
    },
  };
  const running = start(watched);
  await log.writer.append([
    encodeAttempts([
      attemptOf({ eventId: "evt_old", acceptedAtMs: old, startedAtMs: old }),
      attemptOf({ eventId: "evt_future", acceptedAtMs: Date.now() + 40 * 86_400_000 }),
      attemptOf({ eventId: "evt_now", ...recent() }),
    ]),
  ]);
  await watchers.waitUntil(
    () => isWritten,
    () => "nothing was written",
  );
  const counts = await Promise.all(["evt_old", "evt_future", "evt_now"].map(async (id) => countAttempts(store, id)));
  expect(counts).toEqual([0, 0, 1]);
  expect(await running.metric("postrider_ledger_skipped_total")).toContain('{reason="outdated"} 1');
});
