import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { FetchingGroup } from "./mends/dead-leader.ts";
import { paceFetches } from "./paced-fetch.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A group whose fetches bring so many records at once, and when they began. */
function createGroup(counts: number[]): {
  fetch: (nodeId: string) => Promise<readonly unknown[]>;
  beganAtMs: number[];
} {
  const beganAtMs: number[] = [];
  const startMs = performance.now();
  class Group {
    async fetch(): Promise<readonly unknown[]> {
      beganAtMs.push(performance.now() - startMs);
      const count = counts.shift() ?? 0;
      return Promise.resolve([
        { messages: Array<number>(count >> 1) },
        { messages: Array<number>(count - (count >> 1)) },
      ]);
    }
  }
  paceFetches(Group as unknown as { readonly prototype: FetchingGroup });
  const group = new Group() as unknown as FetchingGroup;
  return { fetch: async (nodeId) => group.fetch(nodeId), beganAtMs };
}

test("a fetch after one that brought many records begins 20 ms after that, and others at once", async () => {
  const { fetch, beganAtMs } = createGroup([99, 100, 5, 0]);
  await fetch("1");
  await fetch("1");
  const third = fetch("1");
  await vi.advanceTimersByTimeAsync(19);
  expect(beganAtMs).toEqual([0, 0]);
  await vi.advanceTimersByTimeAsync(1);
  await third;
  await fetch("1");
  expect(beganAtMs).toEqual([0, 0, 20, 20]);
});

test("each node has its own pace", async () => {
  const { fetch, beganAtMs } = createGroup([100, 100, 1, 1]);
  await fetch("1");
  await fetch("2");
  const others = [fetch("1"), fetch("2"), fetch("3")];
  await vi.advanceTimersByTimeAsync(0);
  expect(beganAtMs).toEqual([0, 0, 0]);
  await vi.advanceTimersByTimeAsync(19);
  expect(beganAtMs).toHaveLength(3);
  await vi.advanceTimersByTimeAsync(1);
  await Promise.all(others);
  expect(beganAtMs).toEqual([0, 0, 0, 20, 20]);
});
