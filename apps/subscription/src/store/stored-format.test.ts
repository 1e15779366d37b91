import { expect, test } from "vitest";
import { decodeStored, encodeStored } from "./stored-format.ts";

const kinds = new Set(["thing_happened"]);
const stored = { stream: "thing/1", version: 1, position: 1, appendedAtMs: 1 };

test("an event reads back as it was", () => {
  const event = { kind: "thing_happened", atMs: 1, changes: { a: ["b"] } };
  expect(encodeStored(event)).toEqual({ type: "thing_happened", data: { format: 1, atMs: 1, changes: { a: ["b"] } } });
  expect(decodeStored({ ...stored, ...encodeStored(event) }, kinds)).toEqual(event);
});

test("what a newer release wrote is refused by its place, kind and format", () => {
  const newer = { ...stored, type: "thing_happened", data: { format: 2 } };
  expect(() => decodeStored(newer, kinds)).toThrow("event 1 of thing/1 is thing_happened in format 2");
  const unknown = { ...stored, type: "thing_vanished", data: { format: 1 } };
  expect(() => decodeStored(unknown, kinds)).toThrow("thing_vanished in format 1");
});
