import { describe, expect, test } from "vitest";
import { UsageError } from "../failures.ts";
import { parseCatalogFile } from "./parse-catalog-file.ts";

function problemsOf(text: string): readonly string[] {
  try {
    parseCatalogFile(text, "catalog.yaml");
    return [];
  } catch (error) {
    if (error instanceof UsageError) return error.details;
    throw error;
  }
}

describe("a catalog file", () => {
  test("becomes entries with their schema and examples as JSON text", () => {
    const text = `
eventTypes:
  - name: order_paid
    description: An order was paid.
    schema: { type: object, required: [order_id] }
    examples: [{ name: small, data: { order_id: o_1 } }]
    acknowledgement: '{"status":"success"}'
  - name: order.cancelled
`;
    expect(parseCatalogFile(text, "catalog.yaml")).toEqual([
      {
        name: "order_paid",
        description: "An order was paid.",
        schema: '{"type":"object","required":["order_id"]}',
        examples: [{ name: "small", data: '{"order_id":"o_1"}' }],
        acknowledgement: '{"status":"success"}',
      },
      { name: "order.cancelled", description: "", schema: "", examples: [], acknowledgement: "" },
    ]);
  });

  test("with an unknown field is refused with its line, its path, and what is known", () => {
    expect(problemsOf("eventTypes:\n  - name: a\n    shema: {}\n")).toEqual([
      "line 3: eventTypes[0].shema: unknown field; known are name, description, schema, examples, acknowledgement",
    ]);
    expect(problemsOf("eventTypes: []\nversion: 1\n")).toEqual([
      "line 2: version: unknown field; known are eventTypes",
    ]);
    expect(problemsOf("eventTypes:\n- name: a\n  examples:\n  - {name: x, data: 1, value: 2}\n")).toEqual([
      "line 4: eventTypes[0].examples[0].value: unknown field; known are name, data",
    ]);
  });

  test("tells all that is wrong at once", () => {
    const text = "eventTypes:\n- description: 5\n- name: 1st\n- name: a\n- name: a\n  schema: [1]\n  examples: 3\n";
    expect(problemsOf(text)).toEqual([
      "line 2: eventTypes[0]: name is missing",
      "line 2: eventTypes[0].description: a text is expected",
      'line 3: eventTypes[1].name: "1st" is not a name such as order_paid or order.paid of up to 128 characters',
      "line 6: eventTypes[3].schema: a JSON Schema is a mapping",
      "line 7: eventTypes[3].examples: a list is expected",
      "line 5: eventTypes[3]: a is described twice",
    ]);
  });

  test.each([
    ["", ["line 1: the file is empty"]],
    ["[]", ["line 1: a mapping with eventTypes is expected"]],
    ["{}", ["line 1: eventTypes is missing"]],
    ["eventTypes: {}", ["line 1: eventTypes: a list is expected"]],
    [
      "eventTypes: [a]",
      ["line 1: eventTypes[0]: a mapping with name, description, schema, examples, acknowledgement is expected"],
    ],
    ["eventTypes:\n- name: a\n  name: b\n", ["line 3: Map keys must be unique"]],
    ["eventTypes: [", ["line 1: Flow sequence in block collection must be sufficiently indented and end with a ]"]],
    [
      "eventTypes:\n- name: a\n  schema: {maximum: .inf}\n",
      ["line 3: eventTypes[0].schema: Infinity is not a number that JSON has"],
    ],
    ["eventTypes:\n- name: a\n  schema: *missing\n", ["line 3: eventTypes[0].schema: Unresolved alias"]],
  ])("that reads %j is refused", (text, problems) => {
    expect(problemsOf(text)).toEqual(problems.map((problem) => expect.stringContaining(problem) as string));
  });

  test("whose schema contains itself is refused", () => {
    expect(problemsOf("eventTypes:\n- name: a\n  schema: &s {not: *s}\n")).toEqual([
      "line 3: eventTypes[0].schema: it contains itself, or is nested too deep",
    ]);
  });

  test("may name a value once and repeat it", () => {
    const text = "eventTypes:\n- {name: a, examples: &e [{name: x, data: 1}]}\n- {name: b, examples: *e}\n";
    expect(parseCatalogFile(text, "catalog.yaml").map(({ examples }) => examples[0]?.data)).toEqual(["1", "1"]);
  });

  test("whose aliases grow without bound is refused", () => {
    const levels = Array.from(
      { length: 10 },
      (_, level) => `  l${level + 1}: &l${level + 1} [${`*l${level},`.repeat(10)}]`,
    );
    const text = `eventTypes:\n- name: a\n  schema:\n    l0: &l0 [1]\n${levels.map((level) => `  ${level}`).join("\n")}\n`;
    expect(problemsOf(text)).toEqual([expect.stringContaining("Excessive alias count")]);
  });
});
