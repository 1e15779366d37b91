import fc from "fast-check";
import { expect, test } from "vitest";
import { boundDoneSetChars, decodeDoneSet, encodeDoneSet, type Run } from "./done-set.ts";

const MANY_CHARS = 1_000_000;
// Mostly short, now and then longer than a byte or two of varint reach.
const lengths = fc.oneof(
  fc.integer({ min: 1, max: 3 }),
  fc.integer({ min: 1, max: 200 }),
  fc.integer({ min: 1, max: 1e9 }),
);
const positions = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER - 1e12 });
const sets = fc
  .tuple(positions, fc.array(fc.tuple(lengths, lengths), { maxLength: 100, size: "max" }))
  .map(([position, pairs]) => {
    const runs: Run[] = [];
    let next = position;
    for (const [gap, length] of pairs) {
      runs.push({ from: next + gap, to: next + gap + length - 1 });
      next += gap + length;
    }
    return { position, runs, longGaps: pairs.filter(([gap]) => gap > 1).length, span: next - position };
  });

test("decodes what it encoded", () => {
  fc.assert(
    fc.property(sets, ({ position, runs }) => {
      const metadata = encodeDoneSet(position, runs, MANY_CHARS);
      expect(decodeDoneSet({ offset: position, metadata })).toEqual(runs);
    }),
  );
});

test("keeps to its bound by leaving out the last runs", () => {
  fc.assert(
    fc.property(sets, fc.integer({ min: 0, max: 200 }), ({ position, runs }, maxChars) => {
      const metadata = encodeDoneSet(position, runs, maxChars);
      expect(metadata.length).toBeLessThanOrEqual(maxChars);
      const decoded = decodeDoneSet({ offset: position, metadata });
      expect(decoded).toEqual(runs.slice(0, decoded.length));
    }),
  );
});

test("is never longer than was said without encoding it, and not much shorter", () => {
  fc.assert(
    fc.property(sets, ({ position, runs, longGaps, span }) => {
      const { length } = encodeDoneSet(position, runs, MANY_CHARS);
      const bound = boundDoneSetChars({ runs: runs.length, longGaps, span });
      expect(length).toBeLessThanOrEqual(bound);
    }),
  );
  const stragglers = Array.from({ length: 1000 }, (_, i) => ({ from: i * 20 + 1, to: i * 20 + 19 }));
  const { length } = encodeDoneSet(0, stragglers, MANY_CHARS);
  expect(boundDoneSetChars({ runs: 1000, longGaps: 0, span: 20_000 })).toBeLessThan(length * 1.4);
});

test("no runs are no text, and no text is no runs", () => {
  expect(encodeDoneSet(5, [], MANY_CHARS)).toBe("");
  expect(decodeDoneSet({ offset: 5, metadata: "" })).toEqual([]);
});

test("stays readable: version 1, as written by earlier releases", () => {
  const metadata = encodeDoneSet(
    300,
    [
      { from: 301, to: 310 },
      { from: 313, to: 313 },
    ],
    MANY_CHARS,
  );
  expect(metadata).toBe("1B/B0QqwCFAMC");
  expect(decodeDoneSet({ offset: 300, metadata })).toHaveLength(2);
});

test("a thousand stragglers fit", () => {
  const stragglers = Array.from({ length: 1000 }, (_, i) => ({ from: i * 20 + 1, to: i * 20 + 19 }));
  expect(encodeDoneSet(0, stragglers, MANY_CHARS).length).toBeLessThan(1400);
});

test("text that is damaged, foreign, or of another position is no set", () => {
  const metadata = encodeDoneSet(300, [{ from: 301, to: 310 }], MANY_CHARS);
  for (const text of [
    "x",
    "1",
    "1!!!!",
    "1AAAAAAAA",
    "hello",
    `2${metadata.slice(1)}`,
    metadata.slice(0, -4),
    `1${"_".repeat(5000)}`,
  ]) {
    expect(decodeDoneSet({ offset: 300, metadata: text })).toEqual([]);
  }
  expect(decodeDoneSet({ offset: 299, metadata })).toEqual([]);
});

test("damage to one character is noticed", () => {
  const metadata = encodeDoneSet(
    300,
    [
      { from: 301, to: 310 },
      { from: 400, to: 1000 },
    ],
    MANY_CHARS,
  );
  fc.assert(
    fc.property(fc.nat(metadata.length - 1), fc.constantFrom("A", "b", "z", "0", "9", "+", "/"), (at, character) => {
      const damaged = metadata.slice(0, at) + character + metadata.slice(at + 1);
      // The last character before the padding has bits that mean nothing.
      fc.pre(at === 0 || !Buffer.from(damaged.slice(1), "base64").equals(Buffer.from(metadata.slice(1), "base64")));
      expect(decodeDoneSet({ offset: 300, metadata: damaged })).toEqual([]);
    }),
  );
});

test("any text at all is read without an error", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.base64String()), fc.nat(), (text, offset) => {
      expect(decodeDoneSet({ offset, metadata: `1${text}` })).toEqual([]);
    }),
  );
});
