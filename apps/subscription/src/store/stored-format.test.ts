import { expect, test } from "vitest";
import { decodeStored, encodeStored, isCurrentFormat, type StoredFormats } from "./stored-format.ts";

const formats: StoredFormats = {
  current: { thing_happened: 1, thing_grew: 3 },
  upcasters: {
    "thing_grew@1": ({ by, ...fields }, { version }) => ({ ...fields, byMm: Number(by) * 10, version }),
    "thing_grew@2": ({ byMm, ...fields }) => ({ ...fields, byUm: Number(byMm) * 1000 }),
  },
};
const stored = { stream: "thing/1", version: 7, position: 1, appendedAtMs: 1 };

test("an event reads back as it was", () => {
  const event = { kind: "thing_happened", atMs: 1, changes: { a: ["b"] } };
  const encoded = encodeStored(event, formats);
  expect(encoded).toEqual({ type: "thing_happened", data: { format: 1, atMs: 1, changes: { a: ["b"] } } });
  expect(decodeStored({ ...stored, ...encoded }, formats)).toEqual(event);
});

test("an older format is brought up to the current one, step by step", () => {
  const grew = (format: number, fields: object) => ({ ...stored, type: "thing_grew", data: { format, ...fields } });
  const first = grew(1, { by: 2, atMs: 1 });
  expect(decodeStored(first, formats)).toEqual({ kind: "thing_grew", atMs: 1, version: 7, byUm: 20_000 });
  expect(decodeStored(grew(2, { byMm: 3 }), formats)).toEqual({ kind: "thing_grew", byUm: 3000 });
  expect(decodeStored(grew(3, { byUm: 4 }), formats)).toEqual({ kind: "thing_grew", byUm: 4 });
  expect(isCurrentFormat(first, formats)).toBe(false);
  expect(isCurrentFormat({ ...stored, ...encodeStored({ kind: "thing_grew" }, formats) }, formats)).toBe(true);
});

test.each([
  ["thing_happened", 2],
  ["thing_grew", 4],
  ["thing_grew", 0],
  ["thing_vanished", 1],
])("what a newer release wrote is refused by its place, kind and format: %s in %i", (type, format) => {
  expect(() => decodeStored({ ...stored, type, data: { format } }, formats)).toThrow(
    `event 7 of thing/1 is ${type} in format ${format}`,
  );
});
