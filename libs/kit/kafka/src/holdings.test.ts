import { describe, expect, test } from "vitest";
import { Holdings } from "./holdings.ts";

const STAYED = { isContinuous: true };
const CAME_BACK = { isContinuous: false };

/** A member that has partitions 0 and 1 of a topic, and whose owner knows of both. */
function createHolding01(): Holdings {
  const holdings = new Holdings();
  const { gained } = holdings.reassign([{ topic: "t", partitions: [0, 1] }], CAME_BACK);
  for (const holding of gained) holding.isAnnounced = true;
  return holdings;
}

function numbersOf(of: readonly { readonly partition: number }[]): number[] {
  return of.map(({ partition }) => partition);
}

describe("what changes from one assignment to the next", () => {
  test("is told apart: what came, what stayed, what went", () => {
    const { gained, kept, lost } = createHolding01().reassign([{ topic: "t", partitions: [1, 2] }], STAYED);
    expect([gained, kept, lost].map(numbersOf)).toEqual([[2], [1], [0]]);
  });

  test("leaves what stayed as it was: what of it was given, and whether it is paused", () => {
    const holdings = createHolding01();
    const before = holdings.find("t", 1);
    expect(before).toMatchObject({ isReady: false, isPaused: false, nextOffset: undefined });
    Object.assign(before ?? {}, { isReady: true, isPaused: true, nextOffset: 7 });
    holdings.reassign([{ topic: "t", partitions: [1] }], STAYED);
    expect(holdings.find("t", 1)).toBe(before);
    expect(holdings.find("t", 1)).toMatchObject({ isReady: true, isPaused: true, nextOffset: 7 });
  });

  test("is everything for a member that was out of the group: others may have had its partitions", () => {
    const holdings = createHolding01();
    const before = holdings.find("t", 1);
    const { gained, kept, lost } = holdings.reassign([{ topic: "t", partitions: [1] }], CAME_BACK);
    expect([gained, kept, lost].map(numbersOf)).toEqual([[1], [], [0, 1]]);
    expect(before && holdings.has(before)).toBe(false);
    expect(holdings.find("t", 1)).toMatchObject({ isAnnounced: false, isReady: false });
  });

  test("does not tell the owner that it lost what it never heard of", () => {
    const holdings = new Holdings();
    holdings.reassign([{ topic: "t", partitions: [0] }], CAME_BACK);
    expect(holdings.reassign([], STAYED).lost).toEqual([]);
  });

  test("is nothing for an assignment that is the same", () => {
    const { gained, kept, lost } = createHolding01().reassign([{ topic: "t", partitions: [0, 1] }], STAYED);
    expect([gained, kept, lost].map(numbersOf)).toEqual([[], [0, 1], []]);
  });
});

test("a partition that went and came back is another holding", () => {
  const holdings = createHolding01();
  const before = holdings.find("t", 0);
  holdings.reassign([{ topic: "t", partitions: [1] }], STAYED);
  holdings.reassign([{ topic: "t", partitions: [0, 1] }], STAYED);
  expect(holdings.find("t", 0)).not.toBe(before);
  expect(before && holdings.has(before)).toBe(false);
  expect(holdings.all()).toHaveLength(2);
});

test("partitions are those of their topic, whatever digits its name ends with", () => {
  const holdings = new Holdings();
  holdings.reassign(
    [
      { topic: "t", partitions: [11] },
      { topic: "t1", partitions: [1] },
    ],
    CAME_BACK,
  );
  expect(holdings.all()).toHaveLength(2);
  expect(holdings.find("t1", 1)).toMatchObject({ topic: "t1", partition: 1 });
  expect(holdings.find("t", 1)).toBeUndefined();
});
