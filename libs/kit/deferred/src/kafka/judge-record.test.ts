import { expect, test } from "vitest";
import { judgeRecord, type RecordToJudge } from "./judge-record.ts";
import { chooseTier, createTiers } from "./tiers.ts";

const nowMs = 1_000_000;
const tiers = createTiers("due");
const [immediate] = tiers;
const fiveSeconds = chooseTier(tiers, 5_000);

const FREE = { forDue: true, forEarly: true, isSoonFree: true };

function judge(given: Partial<RecordToJudge>) {
  const matured = { tiers, tier: fiveSeconds, appendedAtMs: nowMs - 5_000, dueAtMs: nowMs, nowMs, room: FREE };
  return judgeRecord({ ...matured, ...given });
}

test("what is not mature waits until it is, even if it is due", () => {
  expect(judge({ appendedAtMs: nowMs - 4_000 })).toEqual({ kind: "wait", untilMs: nowMs + 1_000 });
});

test("the first tier matures at once, whatever the broker's clock says", () => {
  expect(judge({ tier: immediate, appendedAtMs: nowMs + 60_000 })).toEqual({ kind: "hold", isEarly: false });
});

test("what is mature is held if it is due within two minutes, and moved if later", () => {
  expect(judge({ dueAtMs: nowMs - 1 })).toEqual({ kind: "hold", isEarly: false });
  expect(judge({ dueAtMs: nowMs + 4_999 })).toEqual({ kind: "hold", isEarly: false });
  expect(judge({ dueAtMs: nowMs + 5_000 })).toEqual({ kind: "hold", isEarly: true });
  expect(judge({ dueAtMs: nowMs + 120_000 })).toEqual({ kind: "hold", isEarly: true });
  expect(judge({ dueAtMs: nowMs + 120_001 })).toEqual({ kind: "move" });
  expect(judge({ tier: immediate, dueAtMs: nowMs + 120_001 })).toEqual({ kind: "move" });
});

test("what is due later is moved if there is no room for it, whatever room there is for what is due", () => {
  const room = { ...FREE, forEarly: false };
  expect(judge({ room, dueAtMs: nowMs + 5_000 })).toEqual({ kind: "move" });
  expect(judge({ room, dueAtMs: nowMs + 4_999 })).toEqual({ kind: "hold", isEarly: false });
  expect(judge({ room, tier: immediate, dueAtMs: nowMs + 5_000 })).toEqual({ kind: "move" });
});

test("what is due waits for room where it is, unless that is held for long and the first tier may have some", () => {
  const soon = { forDue: false, forEarly: false, isSoonFree: true };
  expect(judge({ room: soon })).toEqual({ kind: "wait_for_room" });
  expect(judge({ room: soon, tier: immediate })).toEqual({ kind: "wait_for_room" });
  const late = { ...soon, isSoonFree: false };
  expect(judge({ room: late })).toEqual({ kind: "move" });
  expect(judge({ room: late, tier: immediate })).toEqual({ kind: "wait_for_room" });
});
