import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { AttemptResult } from "./attempt-result.ts";
import { judge, type JudgeContext } from "./judge.ts";
import { DEFAULT_RETRY_DELAYS_MS } from "./retry-policy.ts";

const NOW_MS = 1_700_000_000_000;
const policy = { delaysMs: [1000, 10_000, 100_000, 1_000_000] };
const first: JudgeContext = { attempt: 1, nowMs: NOW_MS, acceptedAtMs: NOW_MS - 50, random: 0 };

function responded(status: number, isAcknowledged = false): AttemptResult {
  return { kind: "responded", status, isAcknowledged };
}

test.each([200, 202, 204, 299])("an acknowledged %d is delivered", (status) => {
  expect(judge(responded(status, true), first, policy)).toEqual({ kind: "delivered" });
});

test("410 is gone, and a forbidden address is refused, on any attempt", () => {
  for (const attempt of [1, 5]) {
    const context = { ...first, attempt };
    expect(judge(responded(410), context, policy)).toEqual({ kind: "dead", reason: "gone" });
    expect(judge({ kind: "refused", reason: "private_address" }, context, policy)).toEqual({
      kind: "dead",
      reason: "refused",
    });
  }
});

test.each([200, 301, 302, 308, 408, 425, 429, 500, 502, 503, 504, 599])(
  "an unacknowledged %d is retried soon",
  (status) => {
    expect(judge(responded(status), first, policy)).toEqual({ kind: "retry", atMs: NOW_MS + 1000 });
  },
);

test.each([300, 404, 500])("a %d never counts as acknowledged", (status) => {
  expect(judge(responded(status, true), first, policy).kind).toBe("retry");
});

test.each(["dns", "connect", "tls", "timeout", "reset", "protocol"] as const)(
  "a failure by %s is retried soon",
  (reason) => {
    expect(judge({ kind: "unreachable", reason }, first, policy)).toEqual({ kind: "retry", atMs: NOW_MS + 1000 });
  },
);

describe("any other 4xx", () => {
  test.each([400, 401, 403, 404, 422, 451])("%d waits as long as the middle of the schedule", (status) => {
    expect(judge(responded(status), first, policy)).toEqual({ kind: "retry", atMs: NOW_MS + 100_000 });
  });

  test("goes on with the schedule once past its middle, and gets no more attempts than others", () => {
    expect(judge(responded(404), { ...first, attempt: 4 }, policy)).toEqual({
      kind: "retry",
      atMs: NOW_MS + 1_000_000,
    });
    expect(judge(responded(404), { ...first, attempt: 5 }, policy)).toEqual({ kind: "dead", reason: "exhausted" });
  });

  test("works with a schedule of one delay", () => {
    expect(judge(responded(404), first, { delaysMs: [7] })).toEqual({ kind: "retry", atMs: NOW_MS + 7 });
  });
});

test("is exhausted after the last delay, at once without any", () => {
  expect(judge(responded(500), { ...first, attempt: 4 }, policy).kind).toBe("retry");
  expect(judge(responded(500), { ...first, attempt: 5 }, policy)).toEqual({ kind: "dead", reason: "exhausted" });
  expect(judge(responded(500), first, { delaysMs: [] })).toEqual({ kind: "dead", reason: "exhausted" });
});

test("is expired when the retry would come after the greatest age, not when it comes at it", () => {
  expect(judge(responded(500), first, { ...policy, maxAgeMs: 1050 }).kind).toBe("retry");
  expect(judge(responded(500), first, { ...policy, maxAgeMs: 1049 })).toEqual({ kind: "dead", reason: "expired" });
});

describe("Retry-After", () => {
  const busy = (retryAfterMs: number): AttemptResult => ({
    kind: "responded",
    status: 503,
    isAcknowledged: false,
    retryAfterMs,
  });

  test("delays a retry", () => {
    expect(judge(busy(60_000), first, policy)).toEqual({ kind: "retry", atMs: NOW_MS + 60_000 });
  });

  test("never makes it earlier than the schedule", () => {
    expect(judge(busy(10), first, policy)).toEqual({ kind: "retry", atMs: NOW_MS + 1000 });
  });

  test("counts up to a day", () => {
    expect(judge(busy(1e15), first, policy)).toEqual({ kind: "retry", atMs: NOW_MS + 86_400_000 });
  });
});

test("a retry is a whole millisecond, never earlier than the schedule says, and at most a fifth later", () => {
  const delays = fc.array(fc.oneof(fc.integer({ min: 0, max: 10 }), fc.integer({ min: 0, max: 7 * 86_400_000 })), {
    minLength: 1,
    maxLength: 20,
  });
  const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  fc.assert(
    fc.property(delays, fc.nat(), chance, (delaysMs, n, random) => {
      const attempt = (n % delaysMs.length) + 1;
      const verdict = judge(responded(500), { ...first, attempt, random }, { delaysMs });
      const delayMs = delaysMs[attempt - 1] ?? Number.NaN;
      if (verdict.kind !== "retry") throw new Error(`unexpected ${verdict.kind}`);
      expect(Number.isInteger(verdict.atMs)).toBe(true);
      expect(verdict.atMs).toBeGreaterThanOrEqual(NOW_MS + delayMs);
      expect(verdict.atMs).toBeLessThanOrEqual(NOW_MS + Math.ceil(delayMs * 1.2));
    }),
  );
});

test("the default schedule makes 13 attempts in three days", () => {
  expect(DEFAULT_RETRY_DELAYS_MS).toHaveLength(12);
  const hours = DEFAULT_RETRY_DELAYS_MS.reduce((sum, delayMs) => sum + delayMs) / 3_600_000;
  expect(hours).toBeCloseTo(71.7, 1);
});
