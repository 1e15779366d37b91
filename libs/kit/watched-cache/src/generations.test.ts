import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Generations } from "./generations.ts";

interface Heavy {
  readonly weight: number;
}

function create(maxWeight: number): Generations<Heavy> {
  return new Generations({ maxWeight, weigh: ({ weight }) => weight });
}

describe("what is kept", () => {
  test("is found by scope and key, until its scope is forgotten", () => {
    const kept = create(100);
    const value = { weight: 1 };
    kept.set("a", "x", value);
    kept.set("a", "y", { weight: 1 });
    kept.set("b", "x", { weight: 1 });
    expect(kept.find("a", "x")).toBe(value);
    kept.forget("a");
    expect([kept.find("a", "x"), kept.find("a", "y")]).toEqual([undefined, undefined]);
    expect(kept.find("b", "x")).toBeDefined();
    expect(kept.weight).toBe(2);
  });

  test("stays as long as it is used, while others come and go", () => {
    const kept = create(20);
    kept.set("used", "x", { weight: 1 });
    kept.set("unused", "x", { weight: 1 });
    for (let index = 0; index < 1000; index += 1) {
      kept.set(`s${index}`, "x", { weight: 1 });
      expect(kept.find("used", "x")).toBeDefined();
    }
    expect(kept.find("unused", "x")).toBeUndefined();
  });

  test("can't be less than two entries", () => {
    expect(() => create(1)).toThrow("maxEntries is 1; at least 2 are needed");
  });

  test("weighs no more than its bound, except for single values that do, and nothing once all is forgotten", () => {
    const names = fc.constantFrom("a", "b", "c", "d");
    const step = fc.oneof(
      fc.record({
        kind: fc.constant("set" as const),
        scope: names,
        key: names,
        weight: fc.integer({ min: 0, max: 9 }),
      }),
      fc.record({ kind: fc.constant("find" as const), scope: names, key: names }),
      fc.record({ kind: fc.constant("forget" as const), scope: names }),
      fc.record({ kind: fc.constant("clear" as const) }),
    );
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 40 }), fc.array(step, { maxLength: 60 }), (maxWeight, steps) => {
        const kept = create(maxWeight);
        const latest = new Map<string, Heavy>();
        for (const each of steps) {
          if (each.kind === "clear") {
            kept.clear();
            latest.clear();
          } else if (each.kind === "forget") {
            kept.forget(each.scope);
            for (const id of latest.keys()) if (id.startsWith(each.scope)) latest.delete(id);
          } else if (each.kind === "set") {
            const value = { weight: each.weight };
            kept.set(each.scope, each.key, value);
            latest.set(each.scope + each.key, value);
            expect(kept.find(each.scope, each.key)).toBe(value);
          } else {
            const found = kept.find(each.scope, each.key);
            if (found) expect(found).toBe(latest.get(each.scope + each.key));
          }
          expect(kept.weight).toBeLessThanOrEqual(Math.max(maxWeight, 2 * 10));
        }
        for (const scope of ["a", "b", "c", "d"]) kept.forget(scope);
        expect(kept.weight).toBe(0);
      }),
    );
  });
});
