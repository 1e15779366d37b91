import { describe, expect, test } from "vitest";
import { compileDataCheck } from "./data-check.ts";

const JSON_TYPE = "application/json";
const schema = JSON.stringify({
  type: "object",
  required: ["order"],
  properties: {
    order: {
      type: "object",
      required: ["id"],
      properties: { id: { type: "string" }, placed: { type: "string", format: "date-time" } },
      additionalProperties: false,
    },
    totals: { type: "object", additionalProperties: { type: "number" } },
  },
  "x-owner": "an annotation that JSON Schema allows",
});
const check = compileDataCheck(schema);

function fieldOf(data: unknown): string | undefined {
  return check(Buffer.from(JSON.stringify(data)), JSON_TYPE)?.field;
}

describe("data of an event type with a schema", () => {
  test("passes when it is valid", () => {
    expect(check(Buffer.from('{"order":{"id":"1","placed":"2026-01-01T00:00:00Z"}}'), JSON_TYPE)).toBeUndefined();
    expect(check(Buffer.from('{"order":{"id":"1"}}'), "application/vnd.shop+json; charset=utf-8")).toBeUndefined();
  });

  test.each([
    [{}, "event.data", "the data must have required property 'order'"],
    [[], "event.data", "the data must be object"],
    [{ order: { id: 7 } }, "event.data/order/id", "/order/id must be string"],
    [{ order: { id: "1", placed: "soon" } }, "event.data/order/placed", '/order/placed must match format "date-time"'],
    [{ order: { id: "1", extra: 1 } }, "event.data/order", "/order must NOT have additional properties: extra"],
    [{ order: { id: "1" }, totals: { "a/b~c": "1" } }, "event.data/totals/a~1b~0c", "must be number"],
  ])("is refused with the path of what is wrong: %o", (data, field, description) => {
    const violation = check(Buffer.from(JSON.stringify(data)), JSON_TYPE);
    expect(violation?.field).toBe(field);
    expect(violation?.description).toContain(description);
  });

  test("is refused in few words, however long its own words are", () => {
    const long = "k".repeat(200_000);
    for (const data of [{ order: { id: "1", [long]: 1 } }, { order: { id: "1" }, totals: { [long]: "1" } }]) {
      const violation = check(Buffer.from(JSON.stringify(data)), JSON_TYPE);
      expect(violation?.field).toMatch(/^event\.data\/(order|totals)/);
      expect(violation?.field.length).toBeLessThan(512);
      expect(violation?.description.length).toBeLessThan(1024);
    }
  });

  test("must be of a JSON content type, since a schema can't judge anything else", () => {
    expect(check(Buffer.from("{}"), "text/plain")).toEqual({
      field: "event.content_type",
      description: '"text/plain" is not JSON, but the event type has a JSON Schema',
    });
  });

  test("is judged anew each time", () => {
    expect([{}, { order: { id: "1" } }, {}].map(fieldOf)).toEqual(["event.data", undefined, "event.data"]);
  });
});

describe("data that claims to be JSON", () => {
  const anyJson = compileDataCheck("");

  test.each(["", "{", "{'a':1}", "\ufeff{}", "{} {}", "NaN"])("must be JSON, also without a schema: %j", (text) => {
    const violation = anyJson(Buffer.from(text), JSON_TYPE);
    expect(violation?.field).toBe("event.data");
    expect(violation?.description).toMatch(/^is not JSON: /);
  });

  test("must be UTF-8", () => {
    expect(anyJson(Buffer.from([0x22, 0xc3, 0x28, 0x22]), JSON_TYPE)).toEqual({
      field: "event.data",
      description: "is not JSON: its bytes are not UTF-8",
    });
  });

  test.each(["null", "0", '"text"', " [1]\n", '{"a":"\\ud83d"}'])("may be any JSON: %s", (text) => {
    expect(anyJson(Buffer.from(text), JSON_TYPE)).toBeUndefined();
  });

  test("may be any bytes when it does not claim so", () => {
    expect(anyJson(Buffer.from([0xff, 0x00]), "application/octet-stream")).toBeUndefined();
  });
});

test("a schema that is none is refused", () => {
  expect(() => compileDataCheck("{")).toThrow();
  expect(() => compileDataCheck('{"type":"no such type"}')).toThrow();
});
