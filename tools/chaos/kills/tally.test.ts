import { expect, test } from "vitest";
import { createTally } from "./tally.ts";

const subscriptions = { alone: ["a"], pair: ["b", "c"] };
const taken = (atMs: number): { atMs: number; isTaken: boolean } => ({ atMs, isTaken: true });

test("an accepted event is lost for each subscription that did not take it", () => {
  const tally = createTally(subscriptions);
  tally.noteAccepted({ id: "e1", tenantId: "pair" }, 1);
  tally.noteReceipt("b", "e1", taken(2));
  tally.noteReceipt("c", "e1", { atMs: 3, isTaken: false });
  expect(tally.findLost()).toEqual([{ id: "e1", subscription: "c", acceptedAtMs: 1 }]);
  expect([tally.accepted(), tally.promised(), tally.received()]).toEqual([1, 2, 1]);
});

test("what was not accepted may come, and is counted once it is", async () => {
  const tally = createTally(subscriptions);
  tally.noteReceipt("a", "e1", taken(1));
  expect(tally.findLost()).toEqual([]);
  tally.noteAccepted({ id: "e1", tenantId: "alone" }, 2);
  await tally.untilAllReceived(0);
});

test("a retry of what was refused is no repetition; one of what was taken is", () => {
  const tally = createTally(subscriptions);
  tally.noteReceipt("a", "e1", { atMs: 1, isTaken: false });
  tally.noteReceipt("a", "e1", taken(2));
  expect(tally.repetitions).toHaveLength(0);
  tally.noteReceipt("a", "e1", taken(3));
  expect(tally.repetitions).toMatchObject([{ subscription: "a", atMs: 3, fate: { id: "e1" } }]);
});

test("the longest gap is the one between two receipts, or the one that still lasts", () => {
  const tally = createTally(subscriptions);
  for (const atMs of [0, 50, 1050, 1100]) tally.noteReceipt("a", `e${atMs}`, taken(atMs));
  expect(tally.longestGapMs(0, 1100)).toBe(1000);
  expect(tally.longestGapMs(0, 3100)).toBe(2000);
  expect(tally.longestGapMs(1060, 1100)).toBe(0);
});
