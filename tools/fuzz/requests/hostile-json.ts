// JSON and JSON Schemas that are meant to cost time, memory or the stack.
import type { Chance } from "./chance.ts";

/** JSON texts, and texts that are nearly JSON. */
export function makeJson(chance: Chance): string {
  const many = chance.often(0.1) ? 20_000 : chance.pick([10, 300]);
  return chance.pick<() => string>([
    () => '{"order_id":"o_1","amount":1}',
    () => "[".repeat(many) + "]".repeat(many),
    () => '{"a":'.repeat(many) + "1" + "}".repeat(many),
    () => "[".repeat(many),
    () => `{${Array.from({ length: Math.min(many, 5000) }, () => '"a":1').join(",")}}`,
    () => `[${Array.from({ length: many }, () => "{}").join(",")}]`,
    () => `[${Array.from({ length: Math.min(many, 10_000) }, (_, index) => String(index)).join(",")}]`,
    () => `{"note":"${"a".repeat(many)}!"}`,
    () => '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}',
    () => '{"a":1e400,"b":-1e400,"c":-0,"d":1E-400}',
    () => `{"n":${"9".repeat(many)}}`,
    () => '"\\ud800"',
    () => '"\\u0000"',
    () => "{'a':1}",
    () => '{"a":1,}',
    () => "\ufeff{}",
    () => "NaN",
    () => "",
  ])();
}

/** A pattern on which a backtracking engine takes for ever. */
const SLOW_PATTERNS: readonly string[] = [
  "^(a+)+$",
  "^(a|a)*$",
  "^(a|aa)+$",
  "(x+x+)+y",
  "^([a-zA-Z]+)*$",
  "^(\\w+\\s?)*$",
  "(.*)*b",
  "^(?=(a+))\\1+$",
  "(a{1,1000}){1,1000}",
  "(?:(?:a?){50}){50}a{50}",
];

/** JSON Schemas, hostile ones for the most part. */
export function makeSchema(chance: Chance): string {
  const many = chance.often(0.1) ? 2000 : chance.pick([10, 60]);
  const slow = chance.pick(SLOW_PATTERNS);
  const nest = (open: string, inner: string): string => open.repeat(many) + inner + "}".repeat(many);
  return chance.pick<() => string>([
    () => '{"type":"object","properties":{"order_id":{"type":"string"}}}',
    () => nest('{"not":', "{}"),
    () => nest('{"items":', "true"),
    () => JSON.stringify({ properties: { note: { type: "string", pattern: slow } } }),
    () => JSON.stringify({ patternProperties: { [slow]: false }, propertyNames: { pattern: slow } }),
    () => JSON.stringify({ $ref: "#" }),
    () => JSON.stringify({ $defs: { a: { $ref: "#/$defs/b" }, b: { $ref: "#/$defs/a" } }, $ref: "#/$defs/a" }),
    () => JSON.stringify(doubling(Math.min(many, 40))),
    () => JSON.stringify({ allOf: [{ items: { $ref: "#" } }, { items: { $ref: "#" } }] }),
    () => JSON.stringify({ anyOf: Array.from({ length: many }, (_, index) => ({ const: index })) }),
    () => JSON.stringify({ enum: Array.from({ length: many * 2 }, (_, index) => `v${index}`) }),
    () => JSON.stringify({ items: { uniqueItems: true }, uniqueItems: true, contains: { uniqueItems: true } }),
    () => JSON.stringify({ $ref: "http://127.0.0.1:9/schema.json" }),
    () => JSON.stringify({ $ref: "https://json-schema.org/draft/2020-12/schema" }),
    () => JSON.stringify({ $schema: "file:///etc/passwd", $id: "file:///etc/passwd" }),
    () => JSON.stringify({ $dynamicRef: "#x", $dynamicAnchor: "x", unevaluatedProperties: { $dynamicRef: "#x" } }),
    () => JSON.stringify({ $async: true, $data: 1, format: "regex", multipleOf: 1e-300, minimum: -0 }),
    () => '{"type":"object","__proto__":{"type":"string"},"properties":{"__proto__":{"type":"string"}}}',
    () => JSON.stringify({ required: Array.from({ length: many }, (_, index) => `k${index}`) }),
    () => makeJson(chance),
  ])();
}

/** Each definition asks for the next one twice. */
function doubling(depth: number): object {
  const entries = Array.from({ length: depth }, (_, index) => {
    const next = { $ref: `#/$defs/d${index + 1}` };
    return [`d${index}`, { allOf: [next, next] }] as const;
  });
  return { $defs: { ...Object.fromEntries(entries), [`d${depth}`]: { type: "object" } }, $ref: "#/$defs/d0" };
}
