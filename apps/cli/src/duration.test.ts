import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeDuration, encodeDuration, formatDuration, parseDuration, parseDurations } from "./duration.ts";

describe("a duration", () => {
  test.each([
    ["250ms", 250],
    ["5s", 5000],
    ["1.5s", 1500],
    ["2m", 120_000],
    ["1h", 3_600_000],
    ["1d", 86_400_000],
    ["0s", 0],
  ])("%s is %i ms", (text, durationMs) => {
    expect(parseDuration(text)).toBe(durationMs);
  });

  test.each(["", "5", "s", "-5s", "5 s", "5S", "1w", "1e3s", "5s5s", "1.2345s", "Infinitys"])(
    "%j is refused",
    (text) => {
      expect(() => parseDuration(text)).toThrow(`"${text}" is not a duration such as 500ms, 5s, 2m, 1h or 1d`);
    },
  );

  test("of more than a year is refused", () => {
    expect(() => parseDuration("366d")).toThrow('"366d" is longer than 365d');
  });

  test("is written in the largest unit that needs no fraction", () => {
    expect([90_000, 120_000, 86_400_000, 1500, 0].map(formatDuration)).toEqual(["90s", "2m", "1d", "1500ms", "0s"]);
  });

  test("survives writing and reading, and protobuf", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 365 * 86_400_000 }), (durationMs) => {
        expect(parseDuration(formatDuration(durationMs))).toBe(durationMs);
        expect(decodeDuration(encodeDuration(durationMs))).toBe(durationMs);
      }),
    );
  });
});

test("a list of durations", () => {
  expect(parseDurations("5s,30s, 2m")).toEqual([5000, 30_000, 120_000]);
  expect(parseDurations("none")).toEqual([]);
  expect(() => parseDurations("5s,,2m")).toThrow('"" is not a duration');
});
