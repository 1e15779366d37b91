import { expect, test } from "vitest";
import { isEventTypeName, isEventTypePattern, matchesAny, matchesPattern } from "./event-type.ts";

test.each(["order_paid", "order.paid", "O", "a.1.b_c", "x".repeat(128)])("%s is a name and a pattern", (text) => {
  expect(isEventTypeName(text)).toBe(true);
  expect(isEventTypePattern(text)).toBe(true);
});

test.each(["*", "order.*", "a.b.*", `${"x".repeat(126)}.*`])("%s is a pattern and no name", (text) => {
  expect(isEventTypeName(text)).toBe(false);
  expect(isEventTypePattern(text)).toBe(true);
});

test.each([
  "",
  ".",
  "1a",
  "_a",
  "a.",
  ".a",
  "a..b",
  "a-b",
  "a b",
  "a\n",
  "é",
  "a*",
  "*.a",
  "a.*.b",
  ".*",
  "**",
  "x".repeat(129),
])("%j is neither", (text) => {
  expect(isEventTypeName(text)).toBe(false);
  expect(isEventTypePattern(text)).toBe(false);
});

test("Postrider's own types are wanted by those who name them only", () => {
  const type = "postrider.subscription.failing";
  expect(["*", "postrider.*", "postrider.subscription.*", type].map((each) => matchesPattern(each, type))).toEqual([
    ...[false, true, true, true],
  ]);
  expect(matchesPattern("*", "postrider_like")).toBe(true);
});

test("a pattern of 129 characters is none", () => {
  expect(isEventTypePattern(`${"x".repeat(127)}.*`)).toBe(false);
});

test.each([
  ["*", "order.paid", true],
  ["order.paid", "order.paid", true],
  ["order.paid", "order.Paid", false],
  ["order.*", "order.paid", true],
  ["order.*", "order.paid.late", true],
  ["order.*", "order", false],
  ["order.*", "orders.paid", false],
  ["order", "order.paid", false],
])("%s against %s: %s", (pattern, type, expected) => {
  expect(matchesPattern(pattern, type)).toBe(expected);
});

test("any one of the patterns is enough, none is not", () => {
  expect(matchesAny(["a", "order.*"], "order.paid")).toBe(true);
  expect(matchesAny(["a", "b.*"], "order.paid")).toBe(false);
  expect(matchesAny([], "order.paid")).toBe(false);
});
