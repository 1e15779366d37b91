import { expect, test } from "vitest";
import { boundRepetitions, explainRepetitions, type KillSpan } from "./judge-repetitions.ts";
import { createTally, type Repetition } from "./tally.ts";

const kill: KillSpan = { kind: "dispatcher", atMs: 10_000, recoveredAtMs: 20_000 };

const SLOWEST_ANSWER_MS = 400;

/** A delivery that was taken at all of these times. */
function repetitionsAt(...times: readonly number[]): readonly Repetition[] {
  const tally = createTally({ tenant: ["sub"] });
  for (const atMs of times) tally.noteReceipt("sub", "e1", { atMs, isTaken: true });
  return tally.repetitions;
}

test.each([
  ["in flight at the kill", [9990, 12_000], 1],
  ["sent while the platform got over it", [15_000, 16_000], 1],
  ["still to be sent to another, slow receiver", [8200, 12_000], 1],
  ["twice for one kill", [9990, 12_000, 13_000], 2],
])("a kill explains what was %s", (_, times, count) => {
  expect(explainRepetitions(repetitionsAt(...times), [kill], SLOWEST_ANSWER_MS)).toEqual({
    perKill: [count],
    unexplained: [],
  });
});

test.each([
  ["finished long before the kill", [8000, 12_000]],
  ["repeated before it", [9980, 9990]],
  ["sent after all was well again", [20_500, 20_600]],
])("a kill does not explain what was %s", (_, times) => {
  expect(explainRepetitions(repetitionsAt(...times), [kill], SLOWEST_ANSWER_MS).unexplained).toHaveLength(1);
});

test("a kill explains what was put off before its end, and came twice when it was due", () => {
  const tally = createTally({ tenant: ["sub"] });
  tally.noteAccepted({ id: "e1", tenantId: "tenant" }, 9000);
  for (const atMs of [60_000, 60_001]) tally.noteReceipt("sub", "e1", { atMs, isTaken: true });
  const before: KillSpan = { ...kill, atMs: 1000, recoveredAtMs: 2000 };
  expect(explainRepetitions(tally.repetitions, [kill], SLOWEST_ANSWER_MS).perKill).toEqual([1]);
  expect(explainRepetitions(tally.repetitions, [before], SLOWEST_ANSWER_MS).unexplained).toHaveLength(1);
});

test("the death of a process that sends nothing explains nothing", () => {
  const ingest: KillSpan = { ...kill, kind: "ingest" };
  expect(explainRepetitions(repetitionsAt(9990, 12_000), [ingest], SLOWEST_ANSWER_MS).unexplained).toHaveLength(1);
  expect(boundRepetitions("ingest", { deliveriesPerSecond: 1000, slowestAnswerMs: 100 })).toBe(0);
});

test("the bound is what finished since the last commit, and what was in flight, for each move", () => {
  expect(boundRepetitions("dispatcher", { deliveriesPerSecond: 400, slowestAnswerMs: 500 })).toBe(800);
});
