import fc from "fast-check";
import { expect, test } from "vitest";
import { DuePage } from "./due-page.ts";
import { pageTasks, type Place, type StoredTask } from "./due-table.ts";

/** What happens to a page and the table behind it. Bursts are large enough to make it give some back. */
const action = fc.oneof(
  fc.record({ kind: fc.constant("defer" as const), dueAtMs: fc.nat(1_000), count: fc.constantFrom(1, 10, 2_500) }),
  fc.record({ kind: fc.constant("take" as const), count: fc.constantFrom(1, 5, 1_500) }),
  fc.record({ kind: fc.constant("read" as const) }),
  fc.record({ kind: fc.constant("settle" as const) }),
  fc.record({ kind: fc.constant("postpone" as const), byMs: fc.nat(1_000) }),
);

test("every task is taken exactly once per time that it is due, whatever comes between, and memory is bounded", () => {
  fc.assert(
    fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
      const model = createModel();
      for (const each of actions) {
        if (each.kind === "defer") model.defer(each.dueAtMs, each.count);
        else if (each.kind === "take") model.take(each.count);
        else if (each.kind === "read") model.read();
        else if (each.kind === "settle") model.settle();
        else model.postpone(each.byMs);
      }
      model.drain();
      expect(model.heldTwice).toBe(false);
      expect(model.takenCount).toBe(model.dueCount);
    }),
    { numRuns: 60 },
  );
});

test("gives tasks in the order of their times, and of their ids within one", () => {
  const page = new DuePage();
  page.extend([stored(1, 10), stored(3, 20)], new Set());
  page.extend([], new Set());
  for (const each of [stored(4, 15), stored(5, 5), stored(6, 20), stored(7, 10)]) page.arrive(each);
  const order = Array.from({ length: 7 }, () => page.take()?.id);
  expect(order).toEqual([5, 1, 7, 4, 3, 6, undefined]);
});

test("a read leaves out what is in hand, which stands after the horizon once that moved back", () => {
  const page = new DuePage();
  page.extend([stored(1, 500)], new Set());
  page.extend([], new Set());
  expect(page.take()?.id).toBe(1);
  for (let id = 2; id <= 2 + 2 * pageTasks; id++) page.arrive(stored(id, 100));
  expect(page.horizon.handOutAtMs).toBe(100);
  while (page.take() !== undefined) continue;
  page.extend([stored(1, 500)], new Set([1]));
  expect(page.take()).toBeUndefined();
});

test("gives back by bytes too", () => {
  const page = new DuePage();
  page.extend([], new Set());
  for (let id = 1; id <= 40; id++) page.arrive(stored(id, id, 1024 * 1024));
  expect(countHeld(page)).toBeLessThanOrEqual(8);
});

/** A table in memory with a page over it. */
function createModel() {
  const page = new DuePage();
  const table = new Map<number, StoredTask>();
  const taken = new Map<number, StoredTask>();
  let nextId = 1;
  let dueCount = 0;
  let takenCount = 0;
  let heldTwice = false;
  const arrive = (task: StoredTask): void => {
    table.set(task.id, task);
    dueCount++;
    page.arrive(task);
  };
  const model = {
    defer: (dueAtMs: number, count: number) => {
      for (let left = count; left > 0; left--) arrive(stored(nextId++, dueAtMs));
    },
    take: (count: number) => {
      for (let left = count; left > 0; left--) {
        const task = page.take();
        if (task === undefined) return;
        if (taken.has(task.id)) heldTwice = true;
        taken.set(task.id, task);
        takenCount++;
      }
    },
    read: () => {
      if (!page.isLow) return;
      const after = [...table.values()].filter((task) => isAfter(task, page.horizon)).sort(compare);
      page.extend(after.slice(0, pageTasks), new Set(taken.keys()));
    },
    settle: () => {
      for (const id of taken.keys()) table.delete(id);
      taken.clear();
    },
    postpone: (byMs: number) => {
      const postponed = [...taken.values()];
      taken.clear();
      for (const task of postponed) arrive({ ...task, handOutAtMs: task.handOutAtMs + byMs });
    },
    drain: () => {
      while (table.size > 0) {
        const before = table.size;
        model.read();
        model.take(10_000);
        model.settle();
        // An empty read is one step too: it moves the horizon to the end.
        if (table.size === before && !page.isLow) return;
      }
    },
    get heldTwice() {
      return heldTwice;
    },
    get takenCount() {
      return takenCount;
    },
    get dueCount() {
      return dueCount;
    },
  };
  return model;
}

function stored(id: number, handOutAtMs: number, bytes = 0): StoredTask {
  return { id, handOutAtMs, failures: 0, task: { key: "k", value: new Uint8Array(bytes), dueAtMs: handOutAtMs } };
}

function countHeld(page: DuePage): number {
  let count = 0;
  while (page.take() !== undefined) count++;
  return count;
}

function compare(a: Place, b: Place): number {
  return a.handOutAtMs - b.handOutAtMs || a.id - b.id;
}

function isAfter(a: Place, b: Place): boolean {
  return a.handOutAtMs > b.handOutAtMs || (a.handOutAtMs === b.handOutAtMs && a.id > b.id);
}
