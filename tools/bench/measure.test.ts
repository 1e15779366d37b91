import { expect, test } from "vitest";
import { median } from "./measure.ts";

test.each([
  { values: [3], middle: 3 },
  { values: [4, 1], middle: 2.5 },
  { values: [9, 1, 5], middle: 5 },
])("the median of $values is $middle", ({ values, middle }) => {
  expect(median(values)).toBe(middle);
});

test("there is no median of nothing", () => {
  expect(median([])).toBeNaN();
});
