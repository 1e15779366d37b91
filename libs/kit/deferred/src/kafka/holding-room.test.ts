import { expect, test } from "vitest";
import { HoldingRoom } from "./holding-room.ts";

const small = { isEarly: true, bytes: 1 };
const first = { isEarly: false, bytes: 1 };

function fill(room: HoldingRoom, taker: { readonly isEarly: boolean; readonly bytes: number }): number {
  let count = 0;
  for (; room.canTake(taker); count++) room.take(taker);
  return count;
}

test("tiers with a delay get half of it, the first tier gets the rest", () => {
  const room = new HoldingRoom({ maxHeld: 10, maxHeldBytes: 1_000 });
  expect(fill(room, small)).toBe(5);
  expect(fill(room, first)).toBe(5);
  expect(room.canTake(small)).toBe(false);
});

test("the first tier may take all, and then the others wait", () => {
  const room = new HoldingRoom({ maxHeld: 10, maxHeldBytes: 1_000 });
  expect(fill(room, first)).toBe(10);
  expect(room.canTake(small)).toBe(false);
  room.give(first);
  expect(room.canTake(small)).toBe(true);
});

test("bytes are shared like counts", () => {
  const room = new HoldingRoom({ maxHeld: 100, maxHeldBytes: 1_000 });
  expect(fill(room, { isEarly: true, bytes: 100 })).toBe(5);
  expect(fill(room, { isEarly: false, bytes: 100 })).toBe(5);
  expect([room.count, room.bytes]).toEqual([10, 1_000]);
});

test("one that is larger than all of it gets in alone", () => {
  for (const isEarly of [true, false]) {
    const room = new HoldingRoom({ maxHeld: 100, maxHeldBytes: 1_000 });
    expect(fill(room, { isEarly, bytes: 5_000 })).toBe(1);
    expect(room.canTake(first)).toBe(false);
  }
});

test("what waits goes on when a quarter is free", () => {
  const room = new HoldingRoom({ maxHeld: 8, maxHeldBytes: 1_000 });
  fill(room, first);
  room.give(first);
  expect(room.hasSlack).toBe(false);
  room.give(first);
  expect(room.hasSlack).toBe(true);
});
