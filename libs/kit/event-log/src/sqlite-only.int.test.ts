import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { systemClock, type Clock } from "@postrider/kit-lifecycle";
import { openSqlite, SqliteError, type Sqlite } from "@postrider/kit-sqlite";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { EventLog, LogRecord, TopicSettings } from "./event-log.ts";
import { openSqliteEventLog } from "./open-sqlite-event-log.ts";
import { SqliteLogReader } from "./sqlite-log-reader.ts";
import { collect, hasRecords } from "./testing/collector.ts";
import { createTopic, eventLogSchema } from "./topic.ts";

const hourMs = 3_600_000;
const topics: readonly TopicSettings[] = [
  { name: "events", retentionMs: hourMs },
  { name: "attempts", retentionMs: hourMs },
];
const schema = eventLogSchema(topics.map(({ name }) => name));
let folder: string;
let sqlite: Sqlite;
let log: EventLog;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "postrider-log-"));
});

afterEach(async () => {
  await log.close();
  await sqlite.close();
  await rm(folder, { recursive: true });
});

describe("readers", () => {
  test("at the end take committed records from memory", async () => {
    await open();
    const collector = collect(log.reader({ topic: "events", group: "g" }));
    await appendNumbers(0, 1);
    await collector.until(hasRecords(1));
    const value = Uint8Array.of(1, 2, 3);
    await log.writer.append([{ topic: "events", headers: {}, value }]);
    await collector.until(hasRecords(2));
    await collector.stop();
    expect(collector.records[1]?.value).toBe(value);
  });

  test("read from the table what is offered out of turn", async () => {
    await open();
    await appendNumbers(0, 3);
    const topic = createTopic({ name: "events", retentionMs: hourMs });
    const { signal: closed } = new AbortController();
    const collector = collect(new SqliteLogReader({ sqlite, topic, group: "g", clock: systemClock, closed }));
    await collector.until(hasRecords(3));
    await appendNumbers(3, 3);
    topic.endOffset = 7;
    const offered = { partition: 0, headers: { n: "99" }, value: Uint8Array.of(1), appendedAtMs: 0 };
    // The reader waits for offset 4 once the turn that gave it the third record is over.
    topic.tails.get("g")?.offer([{ ...offered, offset: 6 }]);
    await collector.until(hasRecords(6));
    await collector.stop();
    expect(numbersOf(collector.records)).toEqual([0, 1, 2, 3, 4, 5]);
  });

  test("take pages of bounded bytes, and records larger than a page", async () => {
    await open();
    const large = new Uint8Array(3 * 1024 * 1024);
    const largest = new Uint8Array(6 * 1024 * 1024);
    for (const value of [large, large, large, largest, largest]) {
      await log.writer.append([{ topic: "events", headers: {}, value }]);
    }
    const sizes: number[] = [];
    const collector = collect(log.reader({ topic: "events", group: "g" }), (_partition, records) => {
      sizes.push(records.length);
    });
    await collector.until(hasRecords(5));
    await collector.stop();
    expect(sizes).toEqual([2, 2, 1]);
  });

  test("try again after a read that failed, after longer and longer pauses", async () => {
    const delaysMs: number[] = [];
    const hasty: Clock = {
      ...systemClock,
      after: (delayMs, callback) => {
        // The sweep's own timer waits.
        if (delayMs >= hourMs) return systemClock.after(delayMs, callback);
        delaysMs.push(delayMs);
        return systemClock.after(0, callback);
      },
    };
    let failuresLeft = 9;
    await open({
      clock: hasty,
      retentionSweepMs: hourMs,
      wrap: (real) => ({
        write: (statements) => real.write(statements),
        read: (sql, parameters) =>
          failuresLeft-- > 0 ? Promise.reject(new SqliteError("io", "disk I/O error")) : real.read(sql, parameters),
        close: () => real.close(),
      }),
    });
    await appendNumbers(0, 3);
    const collector = collect(log.reader({ topic: "events", group: "g" }));
    await collector.until(hasRecords(3));
    await collector.stop();
    expect(delaysMs).toEqual([50, 100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000]);
  });

  test("end with an error when the file is damaged", async () => {
    await open({
      wrap: (real) => ({
        write: (statements) => real.write(statements),
        read: () => Promise.reject(new SqliteError("corrupt", "database disk image is malformed")),
        close: () => real.close(),
      }),
    });
    const collector = collect(log.reader({ topic: "events", group: "g" }));
    await expect(collector.until(hasRecords(1))).rejects.toThrow("database disk image is malformed");
  });

  test("end with an error when the log is closed under them", async () => {
    await open();
    const collector = collect(log.reader({ topic: "events", group: "g" }));
    await collector.until(({ assigned }) => assigned.size > 0);
    await log.close();
    await expect(collector.until(hasRecords(1))).rejects.toMatchObject({ name: "LogError", code: "closed" });
  });

  test("of one group run one at a time", async () => {
    await open();
    const collector = collect(log.reader({ topic: "events", group: "g" }));
    await expect(collect(log.reader({ topic: "events", group: "g" })).stop()).rejects.toMatchObject({
      code: "refused",
    });
    await collector.stop();
    await collect(log.reader({ topic: "events", group: "g" })).stop();
  });

  test("refuse metadata beyond 4,096 characters and partitions that are not there", async () => {
    await open();
    const reader = log.reader({ topic: "events", group: "g" });
    const tooLong = { partition: 0, offset: 1, metadata: "x".repeat(4_097) };
    await expect(reader.commit([tooLong])).rejects.toThrow("metadata of 4097 characters, at most 4096 are kept");
    await expect(reader.commit([{ partition: 1, offset: 1, metadata: "" }])).rejects.toThrow("partition 1");
  });
});

describe("appends", () => {
  test("that find the disk full are told so, change nothing, and work again when there is room", async () => {
    await open({ ddl: [...schema, "PRAGMA max_page_count = 60"] });
    const collector = collect(log.reader({ topic: "events", group: "g" }));
    await appendNumbers(0, 10);
    const value = new Uint8Array(1_000_000);
    const append = log.writer.append([
      { topic: "attempts", headers: {}, value: Uint8Array.of(1) },
      { topic: "events", headers: {}, value },
    ]);
    await expect(append).rejects.toMatchObject({ name: "LogError", code: "unavailable", cause: { code: "full" } });
    await expect(append).rejects.toThrow("database or disk is full");
    await sqlite.write([{ sql: "PRAGMA max_page_count = 100000" }]);
    await appendNumbers(10, 10);
    await collector.until(hasRecords(20));
    await collector.stop();
    expect(numbersOf(collector.records)).toEqual(Array.from({ length: 20 }, (_, index) => index));
    await expect(sqlite.read(`SELECT count(*) AS count FROM "log.attempts"`)).resolves.toEqual([{ count: 0 }]);
  });

  test("that were acknowledged are there after kill -9", async () => {
    const child = startAppendingChild();
    const acknowledged: number[] = [];
    createInterface(child.stdout).on("line", (line) => {
      acknowledged.push(Number(line));
      if (acknowledged.length === 200) child.kill("SIGKILL");
    });
    await once(child, "close");
    await open();
    const collector = collect(log.reader({ topic: "events", group: "g" }));
    await collector.until(hasRecords(acknowledged.length));
    await collector.stop();
    expect(acknowledged.length).toBeGreaterThanOrEqual(200);
    expect(numbersOf(collector.records).slice(0, acknowledged.length)).toEqual(acknowledged);
  });
});

describe("retention", () => {
  test("deletes what is old and below every group's position, in units, and never gives an offset out again", async () => {
    const clock = createSteppedClock();
    await open({ clock, retentionSweepMs: 60_000 });
    await appendNumbers(0, 2_500);
    await commitAs("fast", 2_400);
    await commitAs("slow", 2_101);
    clock.advance(hourMs + 1);
    await appendNumbers(2_500, 5);
    await clock.fireTimer();
    const collector = collect(log.reader({ topic: "events", group: "new" }));
    await collector.until(hasRecords(405));
    await collector.stop();
    expect(numbersOf(collector.records)).toEqual(Array.from({ length: 405 }, (_, index) => 2_100 + index));
    expect(collector.records[0]?.offset).toBe(2_101);
  });

  test("goes by age alone where no group reads, and keeps what is young", async () => {
    const clock = createSteppedClock();
    await open({ clock, retentionSweepMs: 60_000 });
    await appendNumbers(0, 10);
    clock.advance(hourMs + 1);
    await appendNumbers(10, 10);
    await clock.fireTimer();
    const collector = collect(log.reader({ topic: "events", group: "g" }));
    await collector.until(hasRecords(10));
    await collector.stop();
    expect(numbersOf(collector.records)).toEqual(Array.from({ length: 10 }, (_, index) => 10 + index));
  });

  test("keeps everything for a group from its first run on, before its first commit", async () => {
    const clock = createSteppedClock();
    await open({ clock, retentionSweepMs: 60_000 });
    await appendNumbers(0, 10);
    const first = collect(log.reader({ topic: "events", group: "g" }));
    await first.until(hasRecords(10));
    await first.stop();
    clock.advance(hourMs + 1);
    await clock.fireTimer();
    const again = collect(log.reader({ topic: "events", group: "g" }));
    await again.until(hasRecords(10));
    await again.stop();
  });
});

test("reading back starts at the first record of the time asked for, also after a gap", async () => {
  const clock = createSteppedClock();
  await open({ clock });
  for (let minute = 0; minute < 30; minute++) {
    await appendNumbers(minute * 40, 40);
    clock.advance(60_000);
  }
  await sqlite.write([{ sql: `DELETE FROM "log.events" WHERE "offset" BETWEEN 300 AND 700 OR "offset" < 40` }]);
  const reader = log.reader({ topic: "events", group: "g" });
  for (const minute of [0, 5, 9, 17.5, 25, 30]) {
    const found: LogRecord[] = [];
    const range = { partition: 0, sinceMs: createSteppedClock().nowMs() + minute * 60_000, beforeOffset: 1_101 };
    for await (const page of reader.readBack(range)) found.push(...page);
    const expected = await sqlite.read(
      `SELECT "offset" FROM "log.events" WHERE appended_at_ms >= ? AND "offset" < ? ORDER BY "offset"`,
      [range.sinceMs, range.beforeOffset],
    );
    expect(found.map(({ offset }) => offset)).toEqual(expected.map((row) => row["offset"]));
  }
});

interface OpenOptions {
  readonly ddl?: readonly string[];
  readonly clock?: Clock;
  readonly retentionSweepMs?: number;
  readonly wrap?: (real: Sqlite) => Sqlite;
}

async function open({ ddl = schema, clock = systemClock, wrap, ...rest }: OpenOptions = {}): Promise<void> {
  sqlite = await openSqlite({ path: join(folder, "log.db"), schema: ddl });
  log = openSqliteEventLog({ sqlite: wrap?.(sqlite) ?? sqlite, topics, clock, ...rest });
}

async function appendNumbers(from: number, count: number): Promise<void> {
  const value = Uint8Array.of(1);
  await log.writer.append(
    Array.from({ length: count }, (_, index) => ({ topic: "events", headers: { n: String(from + index) }, value })),
  );
}

async function commitAs(group: string, offset: number): Promise<void> {
  await log.reader({ topic: "events", group }).commit([{ partition: 0, offset, metadata: "" }]);
}

function numbersOf(records: readonly LogRecord[]): number[] {
  return records.map(({ headers }) => Number(headers["n"]));
}

/** Time that stands still until it is moved; its one timer is the retention's. */
function createSteppedClock() {
  let nowMs = 1_700_000_000_000;
  let callbacks: (() => void)[] = [];
  let armed = Promise.withResolvers<undefined>();
  const clock: Clock = {
    nowMs: () => nowMs,
    monotonicUs: () => nowMs * 1_000,
    after: (_delayMs, callback) => {
      callbacks.push(callback);
      armed.resolve(undefined);
      return () => undefined;
    },
  };
  return {
    ...clock,
    advance: (stepMs: number) => {
      nowMs += stepMs;
    },
    /** Fires the timer, and resolves when the next one is set: the sweep between is over. */
    fireTimer: async () => {
      const due = callbacks;
      callbacks = [];
      armed = Promise.withResolvers();
      for (const callback of due) callback();
      await armed.promise;
    },
  };
}

/** A process that appends, several calls at a time, and prints the number of each record that was acknowledged. */
function startAppendingChild() {
  const script = `
    import { openSqlite } from ${JSON.stringify(import.meta.resolve("@postrider/kit-sqlite"))};
    import { systemClock } from ${JSON.stringify(import.meta.resolve("@postrider/kit-lifecycle"))};
    import { openSqliteEventLog, eventLogSchema } from ${JSON.stringify(new URL("./index.ts", import.meta.url).href)};
    const topics = ${JSON.stringify(topics)};
    const schema = eventLogSchema(topics.map((topic) => topic.name));
    const sqlite = await openSqlite({ path: ${JSON.stringify(join(folder, "log.db"))}, schema });
    const log = openSqliteEventLog({ sqlite, topics, clock: systemClock });
    const append = async (n) => {
      await log.writer.append([{ topic: "events", headers: { n: String(n) }, value: new Uint8Array(1000) }]);
      process.stdout.write(n + "\\n");
    };
    for (let from = 0; ; from += 4) await Promise.all([0, 1, 2, 3].map((offset) => append(from + offset)));
  `;
  const stdio = ["ignore", "pipe", "inherit"] as const;
  return spawn(process.execPath, ["--input-type=module", "--eval", script], { stdio: [...stdio] });
}
