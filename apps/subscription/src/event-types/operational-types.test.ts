import { OPERATIONAL_TYPES } from "@postrider/domain-catalog";
import { isEventTypeName, isOperationalType } from "@postrider/domain-event";
import { expect, test } from "vitest";
import { checkSchema } from "./check-schema.ts";

test.each(OPERATIONAL_TYPES)("$name has a schema that its example fits, and a reserved name", ({ name, content }) => {
  expect(checkSchema(content)).toEqual([]);
  expect([isEventTypeName(name), isOperationalType(name)]).toEqual([true, true]);
});

test("they are sorted as pages are", () => {
  const names = OPERATIONAL_TYPES.map(({ name }) => name);
  expect(names).toEqual([...names].sort());
});
