import { expect, test } from "vitest";
import { isEventId, isTenantId } from "./identifiers.ts";

test.each(["a", "A-_9", "x".repeat(64)])("%s is an id", (text) => {
  expect(isEventId(text)).toBe(true);
  expect(isTenantId(text)).toBe(true);
});

test.each(["", "a.b", "a b", "a\n", "é", "x".repeat(65)])("%j is no id", (text) => {
  expect(isEventId(text)).toBe(false);
  expect(isTenantId(text)).toBe(false);
});
