import {
  type ReportEndpointHealthRequest,
  type Subscription,
  Subscription_State as State,
} from "@postrider/contracts/postrider/v1/subscription";
import { describe, expect, test } from "vitest";
import { subscriptionMessage } from "./build-messages.ts";
import {
  ask,
  readFailure,
  type RunningSubscription,
  type StartSubscription,
  THRESHOLDS,
} from "./start-subscription.ts";

/** A time within which nothing else happens: the service's own clock plays no part but at the beginning. */
const LATER_MS = 3_600_000;

/** What reports of endpoints must bring about, whichever store stands behind them. */
export function describeEndpointHealth(startSubscription: StartSubscription): void {
  describe("ReportEndpointHealth", () => {
    test("suspects, warns and disables, and says so in the subscription", async () => {
      const { running, subscription, report } = await begin(startSubscription);
      const sinceMs = Date.now() + LATER_MS;
      const { failingAfterMs, disabledAfterMs } = THRESHOLDS;
      await report(failing(sinceMs, sinceMs + 10, 2));
      const streak = { since: new Date(sinceMs), failures: 2n, disableTime: undefined };
      expect((await get(running, subscription.id)).failureStreak).toEqual(streak);
      await report(failing(sinceMs, sinceMs + 10 + failingAfterMs, 9));
      const disableTime = new Date(sinceMs + 10 + disabledAfterMs);
      expect((await get(running, subscription.id)).failureStreak).toEqual({ ...streak, failures: 9n, disableTime });
      await report(failing(sinceMs, disableTime.getTime(), 30));
      const disabled = await get(running, subscription.id);
      expect(disabled).toMatchObject({ state: State.STATE_DISABLED, failureStreak: undefined, publicKeys: [] });
      expect(disabled.disabledReason).toBe(
        `nothing but failures since ${new Date(sinceMs).toISOString()}: at least 30 attempts`,
      );
    });

    test("lets lookups say who is suspected, and Watch tell of it", async () => {
      const { running, subscription, report } = await begin(startSubscription);
      const request = { tenantId: "acme", eventType: "order.paid" };
      const before = await running.lookups.resolve(request);
      const sinceMs = Date.now() + LATER_MS;
      await report(failing(sinceMs, sinceMs + 10, 2));
      const after = await running.lookups.resolve(request);
      expect(after.subscriptions[0]?.failureStreak?.since).toEqual(new Date(sinceMs));
      expect(after.revision).toBe(before.revision + 1n);
      const ending = new AbortController();
      for await (const change of running.lookups.watch({ afterRevision: before.revision }, ending.signal)) {
        expect(change).toMatchObject({ revision: after.revision, subscriptionId: subscription.id });
        ending.abort();
      }
    });

    test("a success ends it, and tells who does not know of it to count anew", async () => {
      const { running, subscription, report } = await begin(startSubscription);
      const sinceMs = Date.now() + LATER_MS;
      await report(failing(sinceMs, sinceMs + 10, 2));
      const time = new Date(sinceMs + 20);
      expect(await report({ $case: "succeeded", value: { time } })).toEqual({ countFrom: time });
      expect((await get(running, subscription.id)).failureStreak).toBeUndefined();
      expect(await report(failing(sinceMs, sinceMs + 60_000, 99))).toEqual({ countFrom: time });
      expect((await get(running, subscription.id)).failureStreak).toBeUndefined();
    });

    test("a report of another URL than the subscription's is ignored", async () => {
      const { running, subscription, report } = await begin(startSubscription);
      const sinceMs = Date.now() + LATER_MS;
      await report(failing(sinceMs, sinceMs + 10, 2), "https://example.com/another");
      expect((await get(running, subscription.id)).failureStreak).toBeUndefined();
    });

    const fine = failing(2, 3, 1);
    const refused: readonly [Partial<ReportEndpointHealthRequest>, string][] = [
      [{ subscriptionId: "" }, "subscription_id"],
      [{ callbackUrl: "" }, "callback_url"],
      [{ health: undefined }, "health"],
      [{ health: failing(3, 2, 1) }, "failing.last_failure"],
      [{ health: failing(2, 3, 0) }, "failing.failures"],
      [{ health: { $case: "succeeded", value: { time: undefined } } }, "succeeded.time"],
    ];
    test("refuses what can't be, by its field, and what is not there", async () => {
      const { running } = await begin(startSubscription);
      const request = { subscriptionId: "sub_none", callbackUrl: "https://example.com/hook", health: fine };
      for (const [fields, field] of refused) {
        const failure = await readFailure(
          ask(running.subscriptions, "reportEndpointHealth", { ...request, ...fields }),
        );
        expect(failure).toMatchObject({ code: "INVALID_ARGUMENT", violations: [{ field }] });
      }
      const failure = await readFailure(ask(running.subscriptions, "reportEndpointHealth", request));
      expect(failure.code).toBe("NOT_FOUND");
    });
  });
}

interface Begun {
  readonly running: RunningSubscription;
  readonly subscription: Subscription;
  readonly report: (
    health: NonNullable<ReportEndpointHealthRequest["health"]>,
    callbackUrl?: string,
  ) => Promise<unknown>;
}

async function begin(startSubscription: StartSubscription): Promise<Begun> {
  const running = await startSubscription();
  const request = { subscription: subscriptionMessage({ eventTypes: ["order.*"] }) };
  const { subscription } = await ask(running.subscriptions, "createSubscription", request);
  if (!subscription) throw new Error("an answer without a subscription");
  const { id: subscriptionId } = subscription;
  return {
    ...{ running, subscription },
    report: async (health, callbackUrl = subscription.callbackUrl) =>
      ask(running.subscriptions, "reportEndpointHealth", { subscriptionId, callbackUrl, health }),
  };
}

function failing(
  sinceMs: number,
  lastMs: number,
  failures: number,
): NonNullable<ReportEndpointHealthRequest["health"]> {
  const times = { since: new Date(sinceMs), lastFailure: new Date(lastMs) };
  return { $case: "failing", value: { ...times, failures: BigInt(failures) } };
}

async function get({ subscriptions }: RunningSubscription, id: string): Promise<Subscription> {
  const { subscription } = await ask(subscriptions, "getSubscription", { id });
  if (!subscription) throw new Error("an answer without a subscription");
  return subscription;
}
