import { describe, expect, test } from "vitest";
import { checkSchema } from "./check-schema.ts";

function check(schema: string, ...data: readonly string[]): readonly string[] {
  const examples = data.map((each, index) => ({ name: `e${index}`, data: each }));
  const content = { description: "", schema, examples, acknowledgement: "" };
  return checkSchema(content).map(({ field, description }) => `${field} ${description}`);
}

describe("schemas that are taken", () => {
  test.each([
    "",
    "true",
    "{}",
    '{"$schema":"https://json-schema.org/draft/2020-12/schema","type":"object"}',
    '{"type":"object","x-owner":"billing","properties":{"at":{"type":"string","format":"date-time"}}}',
    '{"format":"no-such-format"}',
    '{"$id":"https://example.com/a","$defs":{"a":{"type":"string"}},"$ref":"#/$defs/a"}',
    '{"prefixItems":[{"type":"string"}],"items":false}',
  ])("%s", (schema) => {
    expect(check(schema)).toEqual([]);
    // The same $id again is no conflict with itself.
    expect(check(schema)).toEqual([]);
  });
});

describe("schemas that are refused, by what is wrong", () => {
  test.each([
    ["{", "is not JSON"],
    ["1", "neither a JSON object nor true or false"],
    ["[]", "neither a JSON object nor true or false"],
    ['{"type":"text"}', "is not a JSON Schema 2020-12: /type must be"],
    ['{"properties":{"a":{"minimum":"1"}}}', "/properties/a/minimum must be number"],
    ['{"$ref":"#/$defs/none"}', "can't be compiled: can't resolve reference #/$defs/none"],
    ['{"$ref":"https://example.com/other"}', "can't resolve reference https://example.com/other"],
    ['{"$schema":"http://json-schema.org/draft-07/schema#"}', "draft-07"],
    ['{"pattern":"("}', "can't be compiled"],
    ['{"$async":true}', "$async"],
    ['{"not":'.repeat(10_000) + "{}" + "}".repeat(10_000), "event_type.schema "],
  ])("%.60s", (schema, words) => {
    expect(check(schema)).toHaveLength(1);
    expect(check(schema)[0]).toContain("event_type.schema ");
    expect(check(schema)[0]).toContain(words);
  });
});

describe("examples", () => {
  const schema = '{"type":"object","properties":{"at":{"type":"string","format":"date-time"}},"required":["at"]}';

  test("that fit are taken", () => {
    expect(check(schema, '{"at":"2026-01-01T00:00:00Z"}')).toEqual([]);
    expect(check("", "1", '"a"')).toEqual([]);
  });

  test("that do not fit are each named with the place", () => {
    expect(check(schema, "{}", '{"at":"2026-01-01T00:00:00Z"}', '{"at":"today"}', "{")).toEqual([
      "event_type.examples[0].data does not fit the schema: / must have required property 'at'",
      'event_type.examples[2].data does not fit the schema: /at must match format "date-time"',
      expect.stringContaining("event_type.examples[3].data is not JSON"),
    ]);
  });

  test("that are nested too deep are refused, not a defect", () => {
    const deep = "[".repeat(30_000) + "]".repeat(30_000);
    expect(check('{"items":{"$ref":"#"}}', deep)).toEqual([
      "event_type.examples[0].data does not fit the schema: / is nested too deep for the schema",
    ]);
  });
});
