import { expect, test } from "vitest";
import { fromRandomPlace } from "./from-random-place.ts";

test("each is first at times, and the order stays, around", () => {
  const firsts = new Set<number>();
  for (let times = 0; times < 500; times++) {
    const found = fromRandomPlace([0, 1, 2, 3]);
    const first = found[0] ?? -1;
    firsts.add(first);
    expect(found).toEqual([0, 1, 2, 3].map((index) => (index + first) % 4));
  }
  expect(firsts.size).toBe(4);
  expect(fromRandomPlace([])).toEqual([]);
});
