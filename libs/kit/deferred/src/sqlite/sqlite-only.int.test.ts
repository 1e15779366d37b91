import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock, type Clock } from "@postrider/kit-lifecycle";
import { openSqlite, SqliteError, type Sqlite } from "@postrider/kit-sqlite";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { DeferredTask } from "../deferred.ts";
import { deferredSchema } from "./due-table.ts";
import { openSqliteDeferred } from "./open-sqlite-deferred.ts";
import { runAndCollect } from "../testing/task-collector.ts";

const startMs = 1_700_000_000_000;
const hourMs = 3_600_000;
let folder: string;
let sqlite: Sqlite;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "postrider-deferred-"));
  sqlite = await openSqlite({ path: join(folder, "deferred.db"), schema: deferredSchema });
});

afterEach(async () => {
  await sqlite.close();
  await rm(folder, { recursive: true });
});

test("a clock that jumps back hands nothing out early and loses nothing; one that jumps ahead is noticed", async () => {
  const clock = createManualClock();
  const deferred = openSqliteDeferred({ sqlite, clock });
  await deferred.defer([taskOf("a", startMs + 1_000), taskOf("b", startMs + hourMs)]);
  const collector = runAndCollect(deferred);
  await clock.untilArmed();
  clock.set(startMs - hourMs);
  clock.fire();
  expect(collector.tasks).toEqual([]);
  clock.set(startMs + 1_000);
  clock.fire();
  await collector.until(1);
  await clock.untilArmed();
  expect(clock.delayMs()).toBeLessThanOrEqual(60_000);
  clock.set(startMs + hourMs);
  clock.fire();
  await collector.until(2);
  await collector.stop();
  expect(collector.tasks.map(({ key }) => key)).toEqual(["a", "b"]);
});

test("sleeps until the next due time, and not at all while there is nothing to wait for", async () => {
  const clock = createManualClock();
  const deferred = openSqliteDeferred({ sqlite, clock });
  const collector = runAndCollect(deferred);
  await deferred.defer([taskOf("a", startMs + 5_000)]);
  await clock.untilArmed();
  expect(clock.delayMs()).toBe(5_000);
  await deferred.defer([taskOf("b", startMs + 2_000)]);
  expect(clock.delayMs()).toBe(2_000);
  clock.set(startMs + 5_000);
  clock.fire();
  await collector.until(2);
  await collector.stop();
  expect(clock.armedCount()).toBe(0);
});

test("a task that keeps failing is handed out after longer and longer pauses, also over a restart", async () => {
  const clock = createManualClock();
  const delaysMs: number[] = [];
  for (let restart = 0; restart < 2; restart++) {
    const deferred = openSqliteDeferred({ sqlite, clock });
    if (restart === 0) await deferred.defer([taskOf("a", startMs)]);
    const collector = runAndCollect(deferred, { onDue: () => Promise.reject(new Error("never")) });
    for (let time = 1; time <= 3; time++) {
      await collector.until(time);
      await clock.untilArmed();
      delaysMs.push(clock.delayMs());
      clock.set(clock.nowMs() + clock.delayMs());
      if (time < 3) clock.fire();
    }
    await collector.stop();
  }
  expect(delaysMs).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000]);
});

test("outcomes that can't be written down are written later, and the handling is not repeated", async () => {
  let failuresLeft = 3;
  const failing: Sqlite = {
    write: (statements) =>
      statements[0]?.sql.startsWith("DELETE") === true && failuresLeft-- > 0
        ? Promise.reject(new SqliteError("full", "database or disk is full"))
        : sqlite.write(statements),
    read: (sql, parameters) => sqlite.read(sql, parameters),
    close: () => sqlite.close(),
  };
  const clock: Clock = { ...systemClock, after: (_delayMs, callback) => systemClock.after(0, callback) };
  const deferred = openSqliteDeferred({ sqlite: failing, clock });
  const collector = runAndCollect(deferred);
  await deferred.defer([taskOf("a", Date.now())]);
  await collector.until(1);
  while (failuresLeft > 0) await new Promise((resolve) => setImmediate(resolve));
  await collector.stop();
  expect(collector.tasks).toHaveLength(1);
  expect(await countStored()).toBe(0);
});

test("a run on a closed file ends with an error", async () => {
  const deferred = openSqliteDeferred({ sqlite, clock: systemClock });
  await sqlite.close();
  await expect(runAndCollect(deferred).until(1)).rejects.toMatchObject({ name: "DeferredError" });
  await expect(deferred.defer([taskOf("a", 1)])).rejects.toMatchObject({ name: "DeferredError" });
});

test("refuses what it can't keep, naming it", async () => {
  const deferred = openSqliteDeferred({ sqlite, clock: systemClock });
  await expect(deferred.defer([taskOf("a", 1.5)])).rejects.toThrow("task of key a: dueAtMs is 1.5");
  await expect(runAndCollect(deferred, { maxInFlight: 0 }).stop()).rejects.toThrow("maxInFlight is 0");
  const first = runAndCollect(deferred);
  await expect(runAndCollect(deferred).stop()).rejects.toThrow("one at a time");
  await first.stop();
});

test("a slow head of overdue tasks leaves each handed out once, though the page gives some back meanwhile", async () => {
  const deferred = openSqliteDeferred({ sqlite, clock: systemClock });
  const release = Promise.withResolvers<undefined>();
  const collector = runAndCollect(deferred, { maxInFlight: 50, onDue: () => release.promise.then(() => undefined) });
  const nowMs = Date.now();
  const tasks = Array.from({ length: 6_000 }, (_, index) => taskOf(`t${index}`, nowMs - index));
  for (let from = 0; from < tasks.length; from += 500) await deferred.defer(tasks.slice(from, from + 500));
  await collector.until(50);
  release.resolve(undefined);
  await collector.until(6_000);
  await collector.stop();
  expect(new Set(collector.tasks.map(({ key }) => key)).size).toBe(6_000);
  expect(collector.tasks).toHaveLength(6_000);
  expect(await countStored()).toBe(0);
});

async function countStored(): Promise<unknown> {
  const [row] = await sqlite.read("SELECT count(*) AS count FROM deferred");
  return row?.["count"];
}

function taskOf(key: string, dueAtMs: number): DeferredTask {
  return { key, value: Uint8Array.of(1), dueAtMs };
}

/** Time that stands still until it is set; `fire` calls every armed timer. */
function createManualClock() {
  let nowMs = startMs;
  const timers = new Map<() => void, number>();
  let armed = Promise.withResolvers<undefined>();
  return {
    nowMs: () => nowMs,
    monotonicUs: () => nowMs * 1_000,
    after: (delayMs: number, callback: () => void) => {
      timers.set(callback, delayMs);
      armed.resolve(undefined);
      return () => {
        timers.delete(callback);
      };
    },
    set: (toMs: number) => {
      nowMs = toMs;
    },
    fire: () => {
      const due = [...timers.keys()];
      timers.clear();
      armed = Promise.withResolvers();
      for (const callback of due) callback();
    },
    untilArmed: async () => {
      while (timers.size === 0) {
        await armed.promise;
        armed = Promise.withResolvers();
      }
    },
    delayMs: () => Math.min(...timers.values()),
    armedCount: () => timers.size,
  };
}
