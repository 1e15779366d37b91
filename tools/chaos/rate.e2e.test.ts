// Must hold: a subscription's rate holds over all dispatchers, as an average and in each second; also one below 1/s.
import { findStack, type Receiver, startReceiver } from "@postrider/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openPlatform, type Platform } from "./platform/open-platform.ts";

const stack = findStack();
const PER_SECOND = 50;
const SECONDS = 20;
/** All at once, and enough for the time and what comes before it is steady. */
const EVENTS = PER_SECOND * (SECONDS + 10);
/** By then the dispatchers have shared out the tiers: a subscription that moves has its rate counted anew. */
const STEADY_AFTER = PER_SECOND * 3;

describe.skipIf(stack === undefined)("with two dispatchers", () => {
  let platform: Platform;
  let receiver: Receiver;

  beforeAll(async () => {
    if (!stack) return;
    [platform, receiver] = await Promise.all([openPlatform({ stack, dispatchers: 2 }), startReceiver()]);
  });
  afterAll(async () => {
    await platform.close();
    await receiver.close();
  });

  test("a rate of 50/s gives 50/s within 5 %, and no second with more than 55", async () => {
    await platform.client.createSubscription({ url: receiver.url, tenantId: "fast", ratePerSecond: PER_SECOND });
    const ids = Array.from({ length: EVENTS }, (_, index) => `fast-${index}`);
    await Promise.all(ids.map(async (id) => platform.client.publish({ id, tenantId: "fast" })));
    const requests = await receiver.waitFor(STEADY_AFTER + PER_SECOND * SECONDS, 90_000);
    const arrivals = requests.slice(STEADY_AFTER).map(({ arrivedAtMs }) => arrivedAtMs);
    const [first = NaN] = arrivals;
    const tookS = ((arrivals[PER_SECOND * SECONDS - 1] ?? NaN) - first) / 1000;
    const rate = (PER_SECOND * SECONDS - 1) / tookS;
    const busiest = countBusiest(arrivals);
    console.log(`${rate.toFixed(1)}/s over ${tookS.toFixed(1)} s; ${busiest} in the busiest second`);
    expect(rate).toBeGreaterThan(PER_SECOND * 0.95);
    expect(rate).toBeLessThan(PER_SECOND * 1.05);
    expect(busiest).toBeLessThanOrEqual(PER_SECOND * 1.1);
  });

  test("a rate of one in two seconds holds too", async () => {
    const slow = await startReceiver();
    await platform.client.createSubscription({ url: slow.url, tenantId: "slow", ratePerSecond: 0.5 });
    const ids = Array.from({ length: 5 }, (_, index) => `slow-${index}`);
    await Promise.all(ids.map(async (id) => platform.client.publish({ id, tenantId: "slow" })));
    const arrivals = (await slow.waitFor(5, 60_000)).map(({ arrivedAtMs }) => arrivedAtMs);
    const gaps = arrivals.slice(1).map((atMs, index) => atMs - (arrivals[index] ?? 0));
    console.log(`one in two seconds: gaps of ${gaps.join(", ")} ms`);
    // As late as a request and its way on a busy machine; never more often than asked, but for that.
    expect(Math.min(...gaps)).toBeGreaterThan(1800);
    expect((arrivals.at(-1) ?? NaN) - (arrivals[0] ?? NaN)).toBeLessThan(2000 * gaps.length * 2);
    await slow.close();
  });
});

/** The most arrivals within any second. */
function countBusiest(arrivals: readonly number[]): number {
  let most = 0;
  let from = 0;
  for (const [index, atMs] of arrivals.entries()) {
    while (atMs - (arrivals[from] ?? 0) >= 1000) from++;
    most = Math.max(most, index - from + 1);
  }
  return most;
}
