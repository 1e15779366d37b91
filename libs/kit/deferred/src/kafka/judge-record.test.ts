import { expect, test } from "vitest";
import { judgeRecord, type RecordToJudge } from "./judge-record.ts";
import { chooseTier, createTiers } from "./tiers.ts";

const nowMs = 1_000_000;
const tiers = createTiers("due");
const [immediate] = tiers;
const fiveSeconds = chooseTier(tiers, 5_000);

function judge(given: Partial<RecordToJudge>) {
  const matured = { tiers, tier: fiveSeconds, appendedAtMs: nowMs - 5_000, dueAtMs: nowMs, nowMs, hasRoom: true };
  return judgeRecord({ ...matured, ...given });
}

test("what is not mature waits until it is, even if it is due", () => {
  expect(judge({ appendedAtMs: nowMs - 4_000 })).toEqual({ kind: "wait", untilMs: nowMs + 1_000 });
});

test("the first tier matures at once, whatever the broker's clock says", () => {
  expect(judge({ tier: immediate, appendedAtMs: nowMs + 60_000 })).toEqual({ kind: "hold" });
});

test("what is mature is held if it is due within 30 s, and moved if later", () => {
  expect(judge({ dueAtMs: nowMs - 1 })).toEqual({ kind: "hold" });
  expect(judge({ dueAtMs: nowMs + 30_000 })).toEqual({ kind: "hold" });
  expect(judge({ dueAtMs: nowMs + 30_001 })).toEqual({ kind: "move" });
  expect(judge({ tier: immediate, dueAtMs: nowMs + 30_001 })).toEqual({ kind: "move" });
});

test("without room it is moved, unless it is where it would be moved to", () => {
  expect(judge({ hasRoom: false })).toEqual({ kind: "move" });
  expect(judge({ hasRoom: false, dueAtMs: nowMs + 6_000 })).toEqual({ kind: "move" });
  expect(judge({ tier: immediate, hasRoom: false, dueAtMs: nowMs + 4_999 })).toEqual({ kind: "wait_for_room" });
  expect(judge({ tier: immediate, hasRoom: false, dueAtMs: nowMs + 5_000 })).toEqual({ kind: "move" });
});
