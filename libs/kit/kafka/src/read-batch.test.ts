import { expect, test } from "vitest";
import { readMessages } from "./read-batch.ts";
import type { FetchedRecord } from "./wire/decode-records.ts";

const answer = Buffer.alloc(1_000_000, "x");

function createRecord(more: Partial<FetchedRecord>): FetchedRecord {
  return { offset: 0, timestamp: 1, key: null, value: null, headers: {}, isControlRecord: false, ...more };
}

test("a record that is kept does not keep the whole answer that brought it", () => {
  const sizes = [0, 1, 1_000, 4_095, 4_096, 100_000];
  const messages = sizes.map((size, offset) => createRecord({ offset, value: answer.subarray(size, 2 * size) }));
  const records = readMessages(messages, { partition: 0, fromOffset: 0 });
  expect(records.map(({ value }) => value.length)).toEqual(sizes);
  expect(Buffer.concat(records.map(({ value }) => value)).every((byte) => byte === 0x78)).toBe(true);
  for (const { value } of records) expect(value.buffer.byteLength).toBeLessThanOrEqual(100_000);
});

test("what is before the offset, and what is the cluster's own, is left out", () => {
  const messages = [
    createRecord({ offset: 6 }),
    createRecord({ offset: 7, key: Buffer.from("k") }),
    createRecord({ offset: 8, isControlRecord: true }),
    createRecord({ offset: 9 }),
  ];
  const records = readMessages(messages, { partition: 3, fromOffset: 7 });
  expect(records.map(({ partition, offset, key }) => [partition, offset, key])).toEqual([
    [3, 7, "k"],
    [3, 9, undefined],
  ]);
});
