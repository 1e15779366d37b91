import fc from "fast-check";
import { expect, test } from "vitest";
import { chooseTier, createTiers, deferredTopics } from "./tiers.ts";

const hourMs = 3_600_000;
const tiers = createTiers("due");

test("takes the longest delay that does not make it late", () => {
  const choose = (remainingMs: number) => chooseTier(tiers, remainingMs).topic;
  expect([-1, 0, 4_999, 5_000, 29_999, 30_000].map(choose)).toEqual([
    ...["due.0s", "due.0s", "due.0s", "due.5s", "due.15s", "due.30s"],
  ]);
  expect([120_000, 959_999, hourMs, 6 * hourMs, 900 * hourMs].map(choose)).toEqual([
    ...["due.2m", "due.8m", "due.1h", "due.6h", "due.6h"],
  ]);
});

test("whatever the due time, it is reached by few moves, and none of them makes it late", () => {
  fc.assert(
    fc.property(fc.nat(6 * hourMs), (remainingMs) => {
      let leftMs = remainingMs;
      let moves = 0;
      for (let tier = chooseTier(tiers, leftMs); tier.delayMs > 0; tier = chooseTier(tiers, leftMs)) {
        leftMs -= tier.delayMs;
        moves++;
      }
      expect(leftMs).toBeGreaterThanOrEqual(0);
      expect(moves).toBeLessThanOrEqual(6 * tiers.length);
    }),
  );
});

test("plans a topic for each tier, which keeps a task for as long as it waits and as was asked", () => {
  const plans = deferredTopics(7 * 24 * hourMs);
  expect(plans.map(({ name }) => name)).toEqual(
    ["0s", "5s", "15s", "30s", "1m", "2m", "4m", "8m", "16m", "1h", "6h"].map((name) => `postrider.due.${name}`),
  );
  expect(plans.at(0)?.retentionMs).toBe(7 * 24 * hourMs);
  expect(plans.at(-1)?.retentionMs).toBe((7 * 24 + 6) * hourMs);
  expect(deferredTopics(-1, "mine").map(({ name, retentionMs }) => [name, retentionMs])[1]).toEqual(["mine.5s", -1]);
});
