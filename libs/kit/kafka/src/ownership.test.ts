import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeOwnership, encodeOwnership, NOTHING_OWNED, type Ownership } from "./ownership.ts";

const ownerships: fc.Arbitrary<Ownership> = fc
  .record({
    generation: fc.integer({ min: -1, max: 2 ** 31 - 1 }),
    topics: fc.uniqueArray(fc.string({ minLength: 1, maxLength: 249 }), { maxLength: 8 }),
    numbers: fc.uniqueArray(fc.nat(2000), { minLength: 1, maxLength: 50 }),
  })
  .map(({ generation, topics, numbers }) => {
    const ascending = numbers.toSorted((a, b) => a - b);
    return { generation, partitions: topics.flatMap((topic) => ascending.map((partition) => ({ topic, partition }))) };
  });

test("what a member had comes back as it was", () => {
  fc.assert(
    fc.property(ownerships, (ownership) => {
      expect(decodeOwnership(encodeOwnership(ownership))).toStrictEqual(ownership);
    }),
  );
});

test("a name beyond ASCII keeps its length in bytes", () => {
  const ownership = { generation: 3, partitions: [{ topic: "grüße-😀", partition: 9 }] };
  expect(decodeOwnership(encodeOwnership(ownership))).toStrictEqual(ownership);
});

test("stays readable: version 1, as other members of the group write it", () => {
  const encoded = encodeOwnership({
    generation: 5,
    partitions: [
      { topic: "a", partition: 0 },
      { topic: "a", partition: 11 },
    ],
  });
  expect(encoded.toString("hex")).toBe("01" + "00000005" + "0001" + "0001" + "61" + "0002" + "0108");
});

test("is small: a thousand partitions of eight topics", () => {
  const partitions = Array.from({ length: 8000 }, (_, i) => ({ topic: `postrider.due.${i % 8}`, partition: i >> 3 }));
  expect(encodeOwnership({ generation: 1, partitions }).byteLength).toBeLessThan(1200);
});

test.each([
  ["nothing", ""],
  ["a head that is cut off", "0100000005"],
  ["another version", "02" + "00000005" + "0000"],
  ["fewer topics than it says", "01" + "00000005" + "0002" + "0001" + "61" + "0001" + "01"],
  ["a name that is cut off", "01" + "00000005" + "0001" + "0005" + "61"],
  ["partitions that are cut off", "01" + "00000005" + "0001" + "0001" + "61" + "0002" + "01"],
  ["more than it says", "01" + "00000005" + "0000" + "00"],
])("is nothing when it can't be understood: %s", (_, hex) => {
  expect(decodeOwnership(Buffer.from(hex, "hex"))).toBe(NOTHING_OWNED);
});

test("any bytes at all are read without an error", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      decodeOwnership(bytes);
      decodeOwnership(Uint8Array.of(1, ...bytes));
    }),
  );
});

test("reads its own part of a larger buffer", () => {
  const ownership = { generation: 3, partitions: [{ topic: "a", partition: 1 }] };
  const encoded = encodeOwnership(ownership);
  const larger = new Uint8Array(encoded.byteLength + 20);
  larger.set(encoded, 10);
  expect(decodeOwnership(larger.subarray(10, 10 + encoded.byteLength))).toStrictEqual(ownership);
});

test("refuses a partition that it can't tell", () => {
  expect(() => encodeOwnership({ generation: 1, partitions: [{ topic: "a", partition: 524_280 }] })).toThrow(
    "65536 bytes of a topic's name or partitions: at most 65535 can be told",
  );
});
