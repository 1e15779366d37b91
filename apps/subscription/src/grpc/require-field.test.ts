import { describe, expect, test } from "vitest";
import { requireField, requireTimeMs } from "./require-field.ts";

describe("a time", () => {
  test("is taken within the calendar", () => {
    expect(requireTimeMs("use_time", new Date(0))).toBe(0);
    expect(requireTimeMs("use_time", new Date(253_402_300_799_999))).toBe(253_402_300_799_999);
  });

  test.each([NaN, -1, 253_402_300_800_000])("is refused beyond it: %d", (timeMs) => {
    expect(() => requireTimeMs("use_time", new Date(timeMs))).toThrow(/^use_time: .* years 1970 to 9999/);
  });
});

test.each([
  ["", "is required"],
  ["a\0b", "holds U+0000"],
  ["a".repeat(129), "has 129 characters; at most 128 are allowed"],
])("a key %j is refused", (key, words) => {
  expect(() => requireField("id", key)).toThrow(words);
});
