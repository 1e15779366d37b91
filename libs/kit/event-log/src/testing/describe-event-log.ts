import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { AppendRecord, EventLog, LogRecord, Position } from "../event-log.ts";
import { collect, hasRecords, type Collector } from "./collector.ts";

/** A fresh log for one test. */
export interface EventLogBench {
  readonly log: EventLog;
  /** Two topics that hold nothing yet, with a retention that no test reaches. */
  readonly topics: readonly [string, string];
  /** Closes the log and opens it again, as a restart of the process would. */
  readonly reopen: () => Promise<EventLog>;
  /** Closes whatever is open, and removes it. */
  readonly close: () => Promise<void>;
}

/** What every adapter of the event log must do. Knows nothing of partitions' number, or of gaps in offsets. */
export function describeEventLog(name: string, open: () => Promise<EventLogBench>): void {
  describe(name, () => {
    let bench: EventLogBench;
    beforeEach(async () => {
      bench = await open();
    });
    afterEach(async () => {
      await bench.close();
    });
    testRecords(() => bench);
    testPositions(() => bench);
    testFlow(() => bench);
    testReadBack(() => bench);
  });
}

function testRecords(bench: () => EventLogBench): void {
  test("gives back bytes, headers and keys as they were appended", async () => {
    const { log, topics } = bench();
    const everyByte = Uint8Array.from({ length: 256 }, (_, index) => index);
    const headers = { "ce-type": "order.paid", "grüße-😀": 'a"b\\c\u0000\n', empty: "", __proto__x: "1" };
    const appended: AppendRecord[] = [
      { topic: topics[0], key: "schlüssel-😀", headers, value: everyByte },
      { topic: topics[0], key: "k", headers: {}, value: new Uint8Array(0) },
      { topic: topics[0], headers: { a: "1" }, value: everyByte.subarray(100, 110) },
      { topic: topics[0], key: "large", headers: {}, value: new Uint8Array(300_000).fill(0x5a) },
    ];
    const { appendedAtMs } = await log.writer.append(appended);
    const collector = collect(log.reader({ topic: topics[0], group: "bytes" }));
    await collector.until(hasRecords(appended.length));
    await collector.stop();
    expect(appendedAtMs).toBeGreaterThan(1_600_000_000_000);
    expect(sortBySize(collector.records.map(strip))).toEqual(sortBySize(appended.map(strip)));
    for (const record of collector.records) expect(Math.abs(record.appendedAtMs - appendedAtMs)).toBeLessThan(60_000);
  });

  test("keeps the order of each key, over appends of one and of many", async () => {
    const { log, topics } = bench();
    for (let round = 0; round < 10; round++) {
      await log.writer.append(numbered({ topic: topics[0], from: round * 30, count: 30, keys: 7 }));
    }
    const collector = collect(log.reader({ topic: topics[0], group: "order" }));
    await collector.until(hasRecords(300));
    await collector.stop();
    expectOffsetsGrow(collector.records);
    expectEachOnceInKeyOrder(collector.records, 300);
  });

  test("appends to several topics in one call", async () => {
    const { log, topics } = bench();
    const [first, second] = topics;
    await log.writer.append([
      { topic: first, key: "a", headers: {}, value: Uint8Array.of(1) },
      { topic: second, key: "a", headers: {}, value: Uint8Array.of(2) },
      { topic: first, key: "a", headers: {}, value: Uint8Array.of(3) },
    ]);
    const ofFirst = collect(log.reader({ topic: first, group: "g" }));
    const ofSecond = collect(log.reader({ topic: second, group: "g" }));
    await Promise.all([ofFirst.until(hasRecords(2)), ofSecond.until(hasRecords(1))]);
    await Promise.all([ofFirst.stop(), ofSecond.stop()]);
    expect(ofFirst.records.map((record) => record.value[0])).toEqual([1, 3]);
    expect(ofSecond.records.map((record) => record.value[0])).toEqual([2]);
  });

  test("refuses a topic that it does not know, and names it", async () => {
    const { log } = bench();
    const append = log.writer.append([{ topic: "unheard-of", headers: {}, value: Uint8Array.of(1) }]);
    await expect(append).rejects.toMatchObject({ name: "LogError", code: "setup" });
    await expect(append).rejects.toThrow("unheard-of");
  });

  test("takes an append of nothing", async () => {
    await expect(bench().log.writer.append([])).resolves.toHaveProperty("appendedAtMs");
  });

  test("refuses appends once it is closed", async () => {
    const { log, topics } = bench();
    await log.close();
    const append = log.writer.append([{ topic: topics[0], headers: {}, value: Uint8Array.of(1) }]);
    await expect(append).rejects.toMatchObject({ name: "LogError", code: "closed" });
  });
}

function testPositions(bench: () => EventLogBench): void {
  test("keeps records, positions and metadata over a reopen, and reads on from there", async () => {
    const { log, topics, reopen } = bench();
    await log.writer.append(numbered({ topic: topics[0], from: 0, count: 40, keys: 5 }));
    const reader = log.reader({ topic: topics[0], group: "durable" });
    const before = collect(reader);
    await before.until(hasRecords(40));
    const committed = positionsAfter(before, (records) => Math.ceil(records.length / 2));
    await reader.commit(committed);
    await before.stop();

    const reopened = await reopen();
    const after = collect(reopened.reader({ topic: topics[0], group: "durable" }));
    const offsets = new Map(committed.map((position) => [position.partition, position.offset]));
    const expected = before.records.filter((record) => record.offset >= (offsets.get(record.partition) ?? 0));
    await after.until(hasRecords(expected.length));
    await after.stop();
    expect(sortByOffset(after.records).map(strip)).toEqual(sortByOffset(expected).map(strip));
    for (const position of committed) expect(after.assigned.get(position.partition)).toEqual(position);
  });

  test("starts a new group at the beginning, without metadata", async () => {
    const { log, topics } = bench();
    await log.writer.append(numbered({ topic: topics[0], from: 0, count: 3, keys: 3 }));
    const collector = collect(log.reader({ topic: topics[0], group: "new" }));
    await collector.until(hasRecords(3));
    await collector.stop();
    for (const { offset, metadata } of collector.assigned.values()) {
      expect({ offset, metadata }).toEqual({ offset: 0, metadata: "" });
    }
  });

  test("commits after the run was stopped", async () => {
    const { log, topics } = bench();
    await log.writer.append(numbered({ topic: topics[0], from: 0, count: 5, keys: 1 }));
    const reader = log.reader({ topic: topics[0], group: "late" });
    const collector = collect(reader);
    await collector.until(hasRecords(5));
    await collector.stop();
    const committed = positionsAfter(collector, (records) => records.length);
    await reader.commit(committed);
    const again = collect(log.reader({ topic: topics[0], group: "late" }));
    await again.until(({ assigned }) => committed.every(({ partition }) => assigned.has(partition)));
    await again.stop();
    for (const position of committed) expect(again.assigned.get(position.partition)).toEqual(position);
  });

  test("keeps groups apart", async () => {
    const { log, topics } = bench();
    await log.writer.append(numbered({ topic: topics[0], from: 0, count: 10, keys: 2 }));
    const reader = log.reader({ topic: topics[0], group: "one" });
    const one = collect(reader);
    await one.until(hasRecords(10));
    await reader.commit(positionsAfter(one, (records) => records.length));
    const two = collect(log.reader({ topic: topics[0], group: "two" }));
    await two.until(hasRecords(10));
    await log.writer.append(numbered({ topic: topics[0], from: 10, count: 10, keys: 2 }));
    await Promise.all([one.until(hasRecords(20)), two.until(hasRecords(20))]);
    await Promise.all([one.stop(), two.stop()]);
    expectEachOnceInKeyOrder(one.records, 20);
    expectEachOnceInKeyOrder(two.records, 20);
  });
}

function testFlow(bench: () => EventLogBench): void {
  test("a reader at the end sees concurrent appends once each and in order", async () => {
    const { log, topics } = bench();
    const collector = collect(log.reader({ topic: topics[0], group: "tail" }));
    await log.writer.append(numbered({ topic: topics[0], from: 0, count: 1, keys: 1 }));
    await collector.until(hasRecords(1));
    const appends = Array.from({ length: 400 }, (_, index) =>
      log.writer.append(numbered({ topic: topics[0], from: 1 + index * 5, count: 5, keys: 1, prefix: `w${index}-` })),
    );
    await Promise.all(appends);
    await collector.until(hasRecords(2_001));
    await collector.stop();
    expectOffsetsGrow(collector.records);
    expectEachOnceInKeyOrder(collector.records, 2_001);
  });

  test("a paused partition gives nothing new; after resume everything comes, in order", async () => {
    const { log, topics } = bench();
    const reader = log.reader({ topic: topics[0], group: "pausing" });
    const collector = collect(reader);
    await log.writer.append(numbered({ topic: topics[0], from: 0, count: 20, keys: 4 }));
    await collector.until(hasRecords(20));
    for (const partition of collector.assigned.keys()) reader.pause(partition);
    for (let round = 1; round <= 5; round++) {
      await log.writer.append(numbered({ topic: topics[0], from: round * 20, count: 20, keys: 4 }));
    }
    // A record that was in flight may still come; a paused reader that goes on would get all five rounds.
    expect(collector.records.length).toBeLessThan(120);
    for (const partition of collector.assigned.keys()) reader.resume(partition);
    await collector.until(hasRecords(120));
    await collector.stop();
    expectOffsetsGrow(collector.records);
    expectEachOnceInKeyOrder(collector.records, 120);
  });

  test("pausing and resuming at every call loses and repeats nothing while appends go on", async () => {
    const { log, topics } = bench();
    const reader = log.reader({ topic: topics[0], group: "flutter" });
    const collector = collect(reader, (partition) => {
      reader.pause(partition);
      setImmediate(() => {
        reader.resume(partition);
      });
    });
    const write = async (): Promise<void> => {
      for (let round = 0; round < 60; round++) {
        await log.writer.append(numbered({ topic: topics[0], from: round * 10, count: 10, keys: 3 }));
      }
    };
    await Promise.all([write(), collector.until(hasRecords(600))]);
    await collector.stop();
    expectOffsetsGrow(collector.records);
    expectEachOnceInKeyOrder(collector.records, 600);
  });

  test("the signal ends the run, and nothing comes after it", async () => {
    const { log, topics } = bench();
    await log.writer.append(numbered({ topic: topics[0], from: 0, count: 5, keys: 5 }));
    const collector = collect(log.reader({ topic: topics[0], group: "stopping" }));
    await collector.until(hasRecords(5));
    await collector.stop();
    await log.writer.append(numbered({ topic: topics[0], from: 5, count: 5, keys: 5 }));
    expect(collector.records).toHaveLength(5);
  });

  test("a run whose signal is aborted from the start ends at once", async () => {
    const { log, topics } = bench();
    const events = { assigned: () => undefined, revoked: () => undefined, records: () => undefined };
    await log.reader({ topic: topics[0], group: "never" }).run(events, AbortSignal.abort());
  });

  test("what the owner's callback throws ends the run with that error", async () => {
    const { log, topics } = bench();
    const collector = collect(log.reader({ topic: topics[0], group: "throwing" }), () => {
      throw new Error("owner's fault");
    });
    await log.writer.append(numbered({ topic: topics[0], from: 0, count: 1, keys: 1 }));
    await expect(collector.until(() => false)).rejects.toThrow("owner's fault");
  });
}

function testReadBack(bench: () => EventLogBench): void {
  test("reads back a range below an offset, oldest first", async () => {
    const { log, topics } = bench();
    const { reader, collector } = await fill(log, topics[0], 1_200);
    for (const partition of collector.assigned.keys()) {
      const inPartition = sortByOffset(collector.records.filter((record) => record.partition === partition));
      const middle = inPartition[Math.floor(inPartition.length / 2)];
      if (middle === undefined) continue;
      const back = await readAll(reader.readBack({ partition, sinceMs: 0, beforeOffset: middle.offset }));
      expect(back.map(strip)).toEqual(inPartition.filter((record) => record.offset < middle.offset).map(strip));
    }
  });

  test("reads back nothing below the lowest offset that is wanted", async () => {
    const { log, topics } = bench();
    const { reader, collector } = await fill(log, topics[0], 50);
    for (const partition of collector.assigned.keys()) {
      const all = sortByOffset(collector.records.filter((record) => record.partition === partition));
      const fromOffset = all[Math.floor(all.length / 2)]?.offset ?? 0;
      const beforeOffset = (all.at(-1)?.offset ?? 0) + 1;
      const back = await readAll(reader.readBack({ partition, sinceMs: 0, fromOffset, beforeOffset }));
      expect(back.map(strip)).toEqual(all.filter(({ offset }) => offset >= fromOffset).map(strip));
    }
  });

  test("reads back only what was appended since", async () => {
    const { log, topics } = bench();
    const { reader, collector } = await fill(log, topics[0], 50);
    for (const partition of collector.assigned.keys()) {
      const all = sortByOffset(collector.records.filter((record) => record.partition === partition));
      const sinceMs = all[Math.floor(all.length / 2)]?.appendedAtMs ?? 0;
      const beforeOffset = (all.at(-1)?.offset ?? 0) + 1;
      const back = await readAll(reader.readBack({ partition, sinceMs, beforeOffset }));
      expect(back.map(strip)).toEqual(all.filter((record) => record.appendedAtMs >= sinceMs).map(strip));
      const future = readAll(reader.readBack({ partition, sinceMs: Date.now() + 3_600_000, beforeOffset }));
      await expect(future).resolves.toEqual([]);
      await expect(readAll(reader.readBack({ partition, sinceMs: 0, beforeOffset: 0 }))).resolves.toEqual([]);
    }
  });
}

interface Numbering {
  readonly topic: string;
  readonly from: number;
  readonly count: number;
  readonly keys: number;
  readonly prefix?: string;
}

/** Records that carry their number, spread over some keys. */
function numbered({ topic, from, count, keys, prefix = "" }: Numbering): AppendRecord[] {
  return Array.from({ length: count }, (_, index) => {
    const number = from + index;
    const key = `${prefix}key-${number % keys}`;
    return { topic, key, headers: { number: String(number) }, value: new TextEncoder().encode(`record ${number}`) };
  });
}

async function fill(log: EventLog, topic: string, count: number) {
  for (let from = 0; from < count; from += 50) await log.writer.append(numbered({ topic, from, count: 50, keys: 20 }));
  const reader = log.reader({ topic, group: "back" });
  const collector = collect(reader);
  await collector.until(hasRecords(count));
  await collector.stop();
  return { reader, collector };
}

async function readAll(pages: AsyncIterable<readonly LogRecord[]>): Promise<LogRecord[]> {
  const records: LogRecord[] = [];
  for await (const page of pages) records.push(...page);
  return records;
}

/** A position for each partition with records: after the first `countOf(records)`, with the longest metadata. */
function positionsAfter(collector: Collector, countOf: (records: readonly LogRecord[]) => number): Position[] {
  const positions: Position[] = [];
  for (const partition of collector.assigned.keys()) {
    const records = sortByOffset(collector.records.filter((record) => record.partition === partition));
    const last = records[countOf(records) - 1];
    if (last === undefined) continue;
    positions.push({ partition, offset: last.offset + 1, metadata: `${partition}`.padEnd(4_096, "+/aZ09=") });
  }
  return positions;
}

function expectOffsetsGrow(records: readonly LogRecord[]): void {
  const last = new Map<number, number>();
  for (const { partition, offset } of records) {
    expect(offset).toBeGreaterThan(last.get(partition) ?? -1);
    last.set(partition, offset);
  }
}

function expectEachOnceInKeyOrder(records: readonly LogRecord[], count: number): void {
  const numbers = records.map((record) => Number(record.headers["number"]));
  expect(numbers.toSorted((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, index) => index));
  const lastOfKey = new Map<string, number>();
  for (const [index, number] of numbers.entries()) {
    const key = records[index]?.key ?? "";
    expect(number).toBeGreaterThan(lastOfKey.get(key) ?? -1);
    lastOfKey.set(key, number);
  }
}

/** What a record carries, in one shape for appended and read ones: absent keys are empty, bytes are plain. */
function strip({ key, headers, value }: Pick<AppendRecord, "key" | "headers" | "value">) {
  return { key, headers, value: Buffer.from(value).toString("base64") };
}

function sortByOffset(records: readonly LogRecord[]): LogRecord[] {
  return records.toSorted((a, b) => a.partition - b.partition || a.offset - b.offset);
}

function sortBySize<T extends { readonly value: string }>(records: readonly T[]): T[] {
  return records.toSorted((a, b) => a.value.length - b.value.length);
}
