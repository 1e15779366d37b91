import { FakeClock } from "@postrider/testing";
import { describe, expect, onTestFinished, test } from "vitest";
import type { DisableSubscriptionRequest } from "@postrider/contracts/postrider/v1/subscription";
import { createDisableGone } from "./disable-gone.ts";
import { endpointOf, settle, silentLogger } from "./testing/builders.ts";

interface Bench {
  readonly disableGone: ReturnType<typeof createDisableGone>;
  readonly clock: FakeClock;
  readonly asked: DisableSubscriptionRequest[];
  readonly stop: AbortController;
  answer: () => Promise<void>;
}

function createBench(): Bench {
  const clock = new FakeClock();
  const stop = new AbortController();
  const asked: DisableSubscriptionRequest[] = [];
  const disable = async (request: DisableSubscriptionRequest): Promise<void> => {
    asked.push(request);
    await bench.answer();
  };
  const deps = { subscriptions: { disable }, clock, logger: silentLogger, signal: stop.signal };
  const bench: Bench = { disableGone: createDisableGone(deps), clock, asked, stop, answer: async () => undefined };
  onTestFinished(() => {
    stop.abort();
  });
  return bench;
}

const away = async (): Promise<void> => Promise.reject(new Error("away"));

describe("a subscription whose endpoint is gone", () => {
  test("is to be disabled, with a reason, for the URL that said so", async () => {
    const { disableGone, asked } = createBench();
    disableGone(endpointOf({ subscriptionId: "sub_7", url: "https://shop.example/old" }));
    await settle();
    const reason = "its endpoint answered 410 Gone";
    expect(asked).toEqual([{ id: "sub_7", reason, callbackUrl: "https://shop.example/old" }]);
  });

  test("is asked for once at a time, however many deliveries learn of it", async () => {
    const bench = createBench();
    for (let delivery = 0; delivery < 5; delivery++) bench.disableGone(endpointOf());
    bench.disableGone(endpointOf({ subscriptionId: "sub_2" }));
    await settle();
    expect(bench.asked.map(({ id }) => id)).toEqual(["sub_1", "sub_2"]);
    bench.disableGone(endpointOf());
    expect(bench.asked).toHaveLength(3);
  });

  test("is asked for again at growing distances while the service is away, ten times; then at its next 410", async () => {
    const bench = createBench();
    bench.answer = away;
    bench.disableGone(endpointOf());
    await bench.clock.advanceAsync(499);
    expect(bench.asked).toHaveLength(1);
    await bench.clock.advanceAsync(1);
    expect(bench.asked).toHaveLength(2);
    await bench.clock.advanceAsync(3_600_000);
    expect(bench.asked).toHaveLength(10);
    bench.disableGone(endpointOf());
    expect(bench.asked).toHaveLength(11);
  });

  test("is not asked for any more when the process ends", async () => {
    const bench = createBench();
    bench.answer = away;
    bench.disableGone(endpointOf());
    await settle();
    bench.stop.abort();
    await bench.clock.advanceAsync(60_000);
    expect([bench.asked.length, bench.clock.pendingCount]).toEqual([1, 0]);
  });
});
