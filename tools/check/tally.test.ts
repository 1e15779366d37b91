import { describe, expect, test } from "vitest";
import { closingLine, tally, type TestCounts } from "./tally.ts";

const steps = [
  { name: "format", passed: true },
  { name: "lint", passed: true },
];
const allWell: TestCounts = { passed: 40, failed: 0, skipped: [], exit: "0" };

function lineOf(change: Partial<TestCounts>, inCi = false): string {
  return closingLine(tally({ steps, tests: { ...allWell, ...change }, skippedCountsAsFailed: inCi }));
}

describe("the closing line", () => {
  test("counts each test and each step", () => {
    expect(lineOf({})).toBe("42 passed, 0 failed");
  });

  test("counts a failed step once", () => {
    const total = tally({
      steps: [...steps, { name: "proto lint", passed: false }],
      tests: allWell,
      skippedCountsAsFailed: false,
    });
    expect(closingLine(total)).toBe("42 passed, 1 failed");
  });

  test("does not count failed tests twice when the run fails with them", () => {
    expect(lineOf({ passed: 38, failed: 2, exit: "1" })).toBe("40 passed, 2 failed");
  });

  test("counts a run that broke without a failed test", () => {
    expect(lineOf({ exit: "1" })).toBe("42 passed, 1 failed");
    expect(lineOf({ passed: 0, exit: "SIGKILL" })).toBe("2 passed, 1 failed");
  });

  test("does not take a run without tests for a proof", () => {
    expect(lineOf({ passed: 0 })).toBe("2 passed, 1 failed");
  });

  test("names skipped tests at home and fails them in CI", () => {
    expect(lineOf({ skipped: ["a", "b"] })).toBe("42 passed, 0 failed, 2 skipped");
    expect(lineOf({ skipped: ["a", "b"] }, true)).toBe("42 passed, 2 failed");
  });
});
