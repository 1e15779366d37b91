import fc from "fast-check";
import { expect, test } from "vitest";
import { evolveDelivery, INITIAL_DELIVERY_STATE, type AttemptRecorded, type DeliveryState } from "./delivery-state.ts";

const failed = (attempt: number, atMs: number): AttemptRecorded => ({
  attempt,
  atMs,
  verdict: { kind: "retry", atMs: atMs + 1000 },
});
const delivered = (attempt: number, atMs: number): AttemptRecorded => ({
  attempt,
  atMs,
  verdict: { kind: "delivered" },
});
const dead = (attempt: number, atMs: number): AttemptRecorded => ({
  attempt,
  atMs,
  verdict: { kind: "dead", reason: "exhausted" },
});

function fold(records: readonly AttemptRecorded[]): DeliveryState {
  return records.reduce(evolveDelivery, INITIAL_DELIVERY_STATE);
}

test("is pending, waits after failures, and is delivered in the end", () => {
  expect(fold([])).toEqual({ kind: "pending" });
  expect(fold([failed(1, 10), failed(2, 20)])).toEqual({ kind: "waiting", untilMs: 1020, attempts: 2 });
  expect(fold([failed(1, 10), delivered(2, 20)])).toEqual({ kind: "delivered", attempts: 2, atMs: 20 });
});

test("is dead after the last attempt, and delivered after a resend", () => {
  expect(fold([failed(1, 10), dead(2, 20)])).toEqual({ kind: "dead", reason: "exhausted", attempts: 2 });
  expect(fold([failed(1, 10), dead(2, 20), delivered(3, 30)])).toEqual({ kind: "delivered", attempts: 3, atMs: 30 });
});

test("a resend that fails does not undo a delivery", () => {
  expect(fold([delivered(1, 10), failed(2, 20)])).toEqual({ kind: "delivered", attempts: 2, atMs: 10 });
});

test("is the same for every order of arrival and any repetition", () => {
  const verdict = fc.oneof(
    fc.constant({ kind: "delivered" } as const),
    fc.record({ kind: fc.constant("retry" as const), atMs: fc.nat(50) }),
    fc.record({
      kind: fc.constant("dead" as const),
      reason: fc.constantFrom("exhausted", "expired", "gone", "refused", "rejected"),
    }),
  );
  const record = fc.record({ attempt: fc.integer({ min: 1, max: 4 }), atMs: fc.nat(50), verdict });
  const arrivals = fc
    .array(record, { maxLength: 8 })
    .chain((records) =>
      fc.tuple(
        fc.constant(records),
        fc.shuffledSubarray([...records, ...records], { minLength: records.length * 2, maxLength: records.length * 2 }),
      ),
    );
  fc.assert(
    fc.property(arrivals, ([records, repeated]) => {
      expect(fold(repeated)).toEqual(fold(records));
    }),
    { numRuns: 1000 },
  );
});
