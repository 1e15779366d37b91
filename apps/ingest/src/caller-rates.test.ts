import { RpcError } from "@postrider/kit-rpc";
import fc from "fast-check";
import { expect, test } from "vitest";
import { CallerRates } from "./caller-rates.ts";

function createRates(perSecond: number) {
  let nowUs = 5_000_000;
  const rates = new CallerRates({ perSecond, clock: { monotonicUs: () => nowUs } });
  /** For how long it must wait, milliseconds; undefined: it may go. */
  const take = (caller = "shop"): number | undefined => {
    try {
      rates.take(caller);
      return undefined;
    } catch (error) {
      if (!(error instanceof RpcError && error.code === "resource_exhausted")) throw error;
      return error.retryDelayMs;
    }
  };
  return { take, pass: (ms: number) => void (nowUs += ms * 1000) };
}

test("a second's events may come at once, and then one at a time", () => {
  const { take, pass } = createRates(10);
  expect(Array.from({ length: 12 }, () => take())).toEqual([...Array.from({ length: 10 }, () => undefined), 100, 100]);
  pass(99);
  expect(take()).toBe(1);
  pass(1);
  expect([take(), take()]).toEqual([undefined, 100]);
});

test("what one caller uses is not another's", () => {
  const { take } = createRates(1);
  expect([take("a"), take("b"), take("a"), take("b")]).toEqual([undefined, undefined, 1000, 1000]);
});

test("without a rate everything goes", () => {
  const { take } = createRates(0);
  expect(new Set(Array.from({ length: 10_000 }, () => take()))).toEqual(new Set([undefined]));
});

test("in no second more than twice the rate, and over time not less than the rate", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 500 }), fc.array(fc.nat(400), { maxLength: 400 }), (perSecond, pauses) => {
      const { take, pass } = createRates(perSecond);
      let atMs = 0;
      const taken: number[] = [];
      for (const pauseMs of pauses) {
        pass(pauseMs);
        atMs += pauseMs;
        for (let n = 0; n < 10; n++) if (take() === undefined) taken.push(atMs);
      }
      for (const [index, fromMs] of taken.entries()) {
        const withinSecond = taken.slice(index).filter((ms) => ms < fromMs + 1000).length;
        expect(withinSecond).toBeLessThanOrEqual(2 * perSecond);
      }
    }),
  );
  const { take, pass } = createRates(100);
  let taken = 0;
  for (let ms = 0; ms < 10_000; ms++) {
    pass(1);
    if (take() === undefined) taken += 1;
  }
  expect(taken).toBeGreaterThanOrEqual(1000);
  expect(taken).toBeLessThanOrEqual(1100);
});

test("thousands of callers that come once are forgotten", () => {
  const { take, pass } = createRates(1);
  for (let n = 0; n < 100_000; n++) {
    if (n % 100 === 0) pass(1000);
    expect(take(`caller-${n}`)).toBeUndefined();
  }
});
