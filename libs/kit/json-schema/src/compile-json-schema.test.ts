import { beforeAll, describe, expect, test } from "vitest";
import { compileJsonSchema, JsonSchemaError } from "./compile-json-schema.ts";

const DATA_BYTES = 256 * 1024;
/** Names in `$defs` that each ask for the next one twice: 2^depth checks of one value. */
function doubling(depth: number): unknown {
  const names = Array.from({ length: depth }, (_, index) => {
    const next = { $ref: `#/$defs/d${index + 1}` };
    return [`d${index}`, { allOf: [next, next] }] as const;
  });
  return { $defs: { ...Object.fromEntries(names), [`d${depth}`]: { type: "array" } }, $ref: "#/$defs/d0" };
}

const fill = (unit: string, bytes = DATA_BYTES): string => unit.repeat(Math.floor(bytes / unit.length));
const count = (most: number): number[] => Array.from({ length: most }, (_, index) => index);
const nested = (depth: number): unknown => JSON.parse("[".repeat(depth) + "]".repeat(depth));

function check(schema: unknown, value: unknown): string | undefined {
  const mismatch = compileJsonSchema(JSON.stringify(schema))(value);
  return mismatch && `${mismatch.path} ${mismatch.message}`;
}

/** Milliseconds of this thread's CPU for one check, of so many: whatever else the machine does. */
function measure(schema: unknown, value: unknown, times: number): number {
  const validate = compileJsonSchema(JSON.stringify(schema));
  const before = process.threadCpuUsage();
  for (let time = 0; time < times; time += 1) validate(value);
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / 1000 / times;
}

describe("a check costs a bounded time", () => {
  const orders = JSON.parse(`[${fill('{"id":"o_1","amount":100,"note":"none"},').slice(0, -1)}]`) as unknown;
  const benign = {
    type: "array",
    items: {
      type: "object",
      required: ["id", "amount"],
      properties: { id: { type: "string", pattern: "^o_[0-9]+$" }, amount: { type: "integer", minimum: 0 } },
    },
  };
  /** Some 1.2 ms; the worst of the others take 140. Without bounds they take from seconds to longer than anybody lives. */
  const MAX_RATIO = 500;
  let benignMs: number;

  beforeAll(() => {
    benignMs = measure(benign, orders, 50);
  });

  test.each<[string, unknown, unknown]>([
    ["a pattern that goes back and forth", { pattern: "^(\\w+\\s?)*$" }, `${fill("word ")}!`],
    ["nested repetitions", { pattern: "^(a+)+$" }, `${fill("a")}!`],
    ["alternatives that are alike", { pattern: "^(a|a|aa)*$" }, `${fill("a")}!`],
    ["a pattern with many states", { pattern: "(a|b)*a(a|b){100}c" }, `${fill("abbaab")}c`],
    ["many patterns on one text", { allOf: Array(450).fill({ pattern: "(x+x+)+y" }) }, fill("x")],
    ["patterns for names", { patternProperties: { "(.*)*b": false } }, { [fill("a")]: 1 }],
    ["references that double", doubling(40), []],
    [
      "references that double with each level of the data",
      { allOf: Array(2).fill({ items: { $ref: "#" } }) },
      nested(400),
    ],
    ["unique items that are objects", { uniqueItems: true }, count(87_000).map((index) => ({ index }))],
    ["lists of unique items, asked for often", { allOf: Array(150).fill({ uniqueItems: true }) }, count(50_000)],
    ["all of many for each item", { items: { allOf: Array(450).fill({ type: "integer" }) } }, Array(100_000).fill(1)],
    ["a long list of values for each item", { items: { enum: count(8000) } }, Array(100_000).fill(-1)],
    ["many lengths of one text", { allOf: Array(450).fill({ maxLength: 1e9 }) }, fill("\u00e9")],
    [
      "many looks at one object",
      { allOf: Array(450).fill({ maxProperties: 1e9 }) },
      Object.fromEntries(count(20_000).map((key) => [key, 1])),
    ],
    ["a format that tries a lot", { format: "url" }, `http://a.${fill("::")}`],
    ["contains of contains", { contains: { contains: { contains: false } } }, Array(300).fill(Array(20).fill([1, 2]))],
  ])("%s", { timeout: 60_000 }, (_, schema, value) => {
    expect(measure(schema, value, 2) / benignMs).toBeLessThan(MAX_RATIO);
  });

  test("and says so, when it takes too many steps", () => {
    expect(check(doubling(40), [])).toBe(" takes more than 1000000 steps to check");
  });

  test("the next check has all its steps again", () => {
    const validate = compileJsonSchema(JSON.stringify({ items: { enum: count(8000) } }));
    for (let time = 0; time < 3; time += 1) expect(validate(Array(100).fill(1))).toBeUndefined();
    expect(validate(Array(100_000).fill(1))?.message).toContain("steps");
    expect(validate([1])).toBeUndefined();
  });

  test("data that is deeper than the stack is a mismatch", () => {
    expect(check({ items: { $ref: "#" } }, nested(100_000))).toBe(" is nested too deep for the schema");
    expect(check({ uniqueItems: true }, nested(100_000))).toBe(" is nested too deep for the schema");
    expect(check({ $ref: "#" }, 1)).toBe(" is nested too deep for the schema");
  });
});

describe("schemas that are refused", () => {
  const nest = (count: number): unknown => JSON.parse('{"not":'.repeat(count) + "{}" + "}".repeat(count));

  test.each<[string, unknown, string]>([
    ["too many schemas", { anyOf: Array(500).fill({}) }, "more than 500 schemas"],
    ["schemas too deep in each other", nest(64), "more than 64 schemas in each other"],
    ["another document", { $ref: "http://127.0.0.1:9/a.json" }, "only places within the schema"],
    ["the schema of schemas", { $ref: "https://json-schema.org/draft/2020-12/schema" }, "only places within"],
    ["a place that is no schema", { "x-a": { not: {} }, $ref: "#/x-a" }, "there is no schema at that place"],
    ["a pattern that looks ahead", { pattern: "(?=a)b" }, "(?="],
    ["a pattern that refers back", { pattern: "(a)\\1" }, "\\1"],
    ["a pattern too long", { pattern: "a".repeat(1025) }, "1025 characters; at most 1024"],
    ["a pattern that unrolls to much", { pattern: "(abc){1000}" }, "repeats too much"],
  ])("with %s", (_, schema, words) => {
    const compiling = (): unknown => compileJsonSchema(JSON.stringify(schema));
    expect(compiling).toThrow(JsonSchemaError);
    expect(compiling).toThrow(words);
  });

  test("but not those at the bounds", () => {
    expect(check({ anyOf: Array(499).fill({}) }, 1)).toBeUndefined();
    expect(check(nest(63), 1)).toBeDefined();
    expect(check({ pattern: "a".repeat(1024) }, "b")).toBeDefined();
  });
});

describe("what a schema means stays as it is", () => {
  test.each<[unknown, unknown, unknown]>([
    [{ pattern: "^[\\w.-]{1,64}@\\w+$" }, "a.b@c", "a b@c"],
    [{ pattern: "^\\u00e9+$" }, "\u00e9\u00e9", "e"],
    [{ pattern: "^(?<year>\\d{4})-\\d{2}$" }, "2026-11", "26-11"],
    [{ pattern: "^\\p{L}+$" }, "\u00c4\u03a9", "1"],
    [{ pattern: "b" }, "abc", "ac"],
    [
      { uniqueItems: true },
      [1, "1", { a: 1, b: 2 }, [1]],
      [
        { a: 1, b: 2 },
        { b: 2, a: 1 },
      ],
    ],
    [{ uniqueItems: true }, [0, false, null, ""], [0, -0]],
    [{ uniqueItems: false }, [1, 1], undefined],
    [{ format: "url" }, "https://example.com/a", "example.com"],
    [{ $defs: { a: { $anchor: "x", type: "string" } }, $ref: "#x" }, "a", 1],
    [{ $id: "https://example.com/s", $ref: "https://example.com/s#/$defs/a", $defs: { a: { type: "null" } } }, null, 1],
    [
      { properties: { "a/b~c": { type: "null" } }, additionalProperties: { $ref: "#/properties/a~1b~0c" } },
      { x: null },
      { x: 1 },
    ],
    [{ unevaluatedProperties: false, allOf: [{ properties: { a: true } }] }, { a: 1 }, { b: 1 }],
  ])("%j", (schema, valid, invalid) => {
    expect(check(schema, valid)).toBeUndefined();
    if (invalid !== undefined) expect(check(schema, invalid)).toBeDefined();
  });
});
