import { createSystemRandom } from "@postrider/kit-lifecycle";
import { describe, expect, test } from "vitest";
import { createTraceparents } from "./traceparent.ts";

/** W3C Trace Context, section 3.2: version 00, a trace id and a parent id that are not all zeros, flags. */
const TRACEPARENT = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-00$/;

function take(count: number, createTraceparent: () => string): string[] {
  return Array.from({ length: count }, createTraceparent);
}

function idsOf(traceparents: readonly string[]): { traceIds: Set<string>; parentIds: Set<string> } {
  const parts = traceparents.map((text) => text.split("-"));
  return {
    traceIds: new Set(parts.map((part) => part[1] ?? "")),
    parentIds: new Set(parts.map((part) => part[2] ?? "")),
  };
}

describe("a traceparent", () => {
  test.each([
    ["any", createSystemRandom()],
    ["the least", () => 0],
    ["the greatest", () => 1 - 2 ** -53],
  ])("has the shape of W3C Trace Context, and is not sampled, by %s chance", (_, random) => {
    for (const text of take(300, createTraceparents(random))) expect(text).toMatch(TRACEPARENT);
  });

  test("carries small numbers in full", () => {
    const [first] = take(
      1,
      createTraceparents(() => 2 ** -32),
    );
    expect(first).toBe("00-00000001000000010000000100000001-0000000100000001-00");
  });

  test("names a trace and a parent of its own, over many", () => {
    const { traceIds, parentIds } = idsOf(take(100_000, createTraceparents(createSystemRandom())));
    expect([traceIds.size, parentIds.size]).toEqual([100_000, 100_000]);
  });

  test("of one process is that of no other", () => {
    const processes = Array.from({ length: 50 }, () => take(200, createTraceparents(createSystemRandom())));
    expect(idsOf(processes.flat()).traceIds.size).toBe(10_000);
  });
});
