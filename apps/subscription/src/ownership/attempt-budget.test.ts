import { FakeClock } from "@postrider/testing";
import { expect, test } from "vitest";
import { createAttemptBudget } from "./attempt-budget.ts";

test("a tenant has twenty at once, then one each three seconds, however many names it has", () => {
  const clock = new FakeClock();
  const budget = createAttemptBudget(clock);
  const take = (index: number) => budget.take("acme", `${index}.example.com`);
  const first = Array.from({ length: 21 }, (_, index) => take(index));
  expect(first.findIndex((each) => each !== undefined)).toBe(20);
  expect(first[20]).toEqual({ kind: "exhausted", whose: "this tenant", retryAfterMs: 3000 });
  clock.advance(2999);
  expect(take(21)).toMatchObject({ retryAfterMs: 1 });
  clock.advance(1);
  expect([take(22), take(23)]).toEqual([undefined, { kind: "exhausted", whose: "this tenant", retryAfterMs: 3000 }]);
  expect(budget.take("other", "0.example.com")).toBeUndefined();
});

test("a host is asked sixty times at once, then each second, however many tenants want it to be", () => {
  const clock = new FakeClock();
  const budget = createAttemptBudget(clock);
  const granted = (): number =>
    Array.from({ length: 100 }, (_, index) => budget.take(`t${index}`, "example.com")).filter((each) => !each).length;
  expect(granted()).toBe(60);
  clock.advance(10_000);
  expect(granted()).toBe(10);
  expect(budget.take("t1", "example.org")).toBeUndefined();
});

test("what is refused costs nothing", () => {
  const clock = new FakeClock();
  const budget = createAttemptBudget(clock);
  for (let index = 0; index < 1000; index++) budget.take("acme", "example.com");
  clock.advance(3000);
  expect(budget.take("acme", "example.com")).toBeUndefined();
});

test("what is remembered is bounded; when it is full of what happened just now, nobody is asked for a while", () => {
  const clock = new FakeClock();
  const budget = createAttemptBudget(clock);
  for (let index = 0; index < 10_000; index++) budget.take(`t${index}`, `${index}.example.com`);
  expect(budget.take("acme", "example.com")).toEqual({ kind: "exhausted", whose: "all tenants", retryAfterMs: 3000 });
  clock.advance(3000);
  expect(budget.take("acme", "example.com")).toBeUndefined();
});
