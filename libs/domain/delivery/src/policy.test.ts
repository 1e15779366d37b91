import { expect, test } from "vitest";
import type { AttemptResult } from "./attempt-result.ts";
import { findPolicy, POLICY, type PolicyRow } from "./policy.ts";

function answered(status: number, isAcknowledged = false): AttemptResult {
  return { kind: "responded", status, isAcknowledged };
}

const allStatuses = Array.from({ length: 900 }, (_, index) => 100 + index);

test("every row is there for some result", () => {
  const reasons = ["dns", "connect", "tls", "timeout", "reset", "protocol"] as const;
  const results: AttemptResult[] = [
    ...allStatuses.map((status) => answered(status)),
    answered(204, true),
    ...reasons.map((reason) => ({ kind: "unreachable", reason }) as const),
    { kind: "refused", reason: "private_address" },
  ];
  expect(new Set(results.map((result) => findPolicy(result)))).toEqual(new Set(Object.values(POLICY)));
});

test.each<[string, readonly number[], (row: PolicyRow) => boolean]>([
  ["410 alone disables", [410], (row) => row.disables],
  ["429 and 503 alone hold back the endpoint", [429, 503], (row) => row.holdsBack],
  ["what throttles is overloaded", [429, 502, 503, 504], (row) => row.endpoint === "overloaded"],
])("%s", (_, statuses, isSo) => {
  expect(allStatuses.filter((status) => isSo(findPolicy(answered(status))))).toEqual(statuses);
});

test("all 4xx are slow but those that pass, and 410", () => {
  const passing = new Set([408, 410, 425, 429]);
  const expected = allStatuses.filter((status) => status >= 400 && status < 500 && !passing.has(status));
  expect(allStatuses.filter((status) => findPolicy(answered(status)).isSlow)).toEqual(expected);
});

test("no status but 2xx is good, whatever its body said", () => {
  const good = allStatuses.filter((status) => findPolicy(answered(status, true)).verdict === "delivered");
  expect([good.at(0), good.at(-1), good.length]).toEqual([200, 299, 100]);
  const fine = allStatuses.filter((status) => findPolicy(answered(status)).endpoint === "ok");
  expect(fine).toEqual([]);
});

test("an endpoint that was not asked is not blamed", () => {
  expect(findPolicy({ kind: "refused", reason: "query_too_long" }).endpoint).toBe("unsent");
});
