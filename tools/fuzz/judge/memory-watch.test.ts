import { expect, test } from "vitest";
import { judgeMemory } from "./memory-watch.ts";

const samples = (...heaps: readonly number[]): { heapMb: number; residentMb: number }[] =>
  heaps.map((heapMb) => ({ heapMb, residentMb: 0 }));

test("a heap that grows at the start and then stays is flat", () => {
  expect(judgeMemory(samples(30, 50, 60, 60, 62, 58, 61, 64, 60))).toBeUndefined();
});

test("a heap that goes on growing is told", () => {
  expect(judgeMemory(samples(30, 40, 50, 60, 70, 80, 90, 100, 110))).toBe(
    "the heap grew from 80.0 MB in the second third to 110.0 MB in the last",
  );
});

test("too few samples tell nothing", () => {
  expect(judgeMemory(samples(30, 90))).toBeUndefined();
});
