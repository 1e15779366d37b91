import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeTask, encodeTask } from "./task-record.ts";

const stands = { partition: 0, offset: 7, appendedAtMs: 5_000 };

test("decodes what it encoded", () => {
  fc.assert(
    fc.property(fc.string(), fc.uint8Array(), fc.maxSafeInteger(), (key, value, dueAtMs) => {
      const { topic, ...record } = encodeTask({ key, value, dueAtMs }, "due.0s");
      expect(topic).toBe("due.0s");
      expect(decodeTask({ ...record, ...stands })).toEqual({ task: { key, value, dueAtMs }, isMalformed: false });
    }),
  );
});

test("stays readable: as written by earlier releases", () => {
  const record = { key: "k", value: Uint8Array.of(1), headers: { "due-ms": "1767225600000" }, ...stands };
  expect(decodeTask(record).task).toEqual({ key: "k", value: Uint8Array.of(1), dueAtMs: 1_767_225_600_000 });
});

test("without a valid due time a record is due when it was appended", () => {
  for (const text of [undefined, "", "soon", "1.5", "1e3", " 1", "9007199254740993", "99999999999999999"]) {
    const headers: Record<string, string> = text === undefined ? {} : { "due-ms": text };
    const decoded = decodeTask({ value: Uint8Array.of(1), headers, ...stands });
    expect(decoded).toEqual({ task: { key: "", value: Uint8Array.of(1), dueAtMs: 5_000 }, isMalformed: true });
  }
});
