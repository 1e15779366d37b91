import type { Event } from "@postrider/contracts/postrider/v1/ingest";
import type { ReportEndpointHealthRequest } from "@postrider/contracts/postrider/v1/subscription";
import { createWatchers } from "@postrider/testing";
import { describe, expect, test } from "vitest";
import { subscriptionMessage } from "./build-messages.ts";
import { startOutbox } from "./start-outbox.ts";
import { ask, type RunningSubscription, type StartSubscription, THRESHOLDS } from "./start-subscription.ts";

/** What tenants must be told of their subscriptions, whichever store stands behind them. */
export function describeOutbox(startSubscription: StartSubscription): void {
  describe("the outbox", () => {
    test("tells of warning, recovery and end, in order, whatever comes of the subscription later", async () => {
      const running = await startSubscription();
      const ingest = createIngest();
      const outbox = await startOutbox(running, ingest);
      const { id, fail, succeed } = await subscribe(running);
      const sinceMs = await fail();
      await succeed(sinceMs + 9000);
      await ask(running.subscriptions, "disableSubscription", { id, reason: "gone", callbackUrl: "" });
      await ask(running.subscriptions, "deleteSubscription", { id });
      await ingest.untilAccepted(3);
      const whose = { subscription_id: id, callback_url: "https://example.com/hook" };
      const since = { since: new Date(sinceMs).toISOString(), failures: 9 };
      const disableMs = sinceMs + 10 + THRESHOLDS.disabledAfterMs;
      expect(ingest.accepted.map(({ type, data }) => [type, JSON.parse(data?.value as string) as object])).toEqual([
        [`postrider.subscription.failing`, { ...whose, ...since, disable_time: new Date(disableMs).toISOString() }],
        [
          `postrider.subscription.recovered`,
          { ...whose, ...since, recover_time: new Date(sinceMs + 9000).toISOString() },
        ],
        [`postrider.subscription.disabled`, { ...whose, reason: "gone" }],
      ]);
      expect(ingest.accepted.every(({ tenantId, orderingKey }) => tenantId === "acme" && orderingKey === id)).toBe(
        true,
      );
      await outbox.stop();
    });

    test("asks again until each is accepted, by the same id, and begins where it was after a restart", async () => {
      const running = await startSubscription();
      const ingest = createIngest();
      const first = await startOutbox(running, ingest);
      const { id, fail } = await subscribe(running);
      ingest.isAway = true;
      await fail();
      await ingest.untilAsked(1);
      ingest.isAway = false;
      await ingest.untilAccepted(1);
      expect(new Set(ingest.asked.map((event) => event.id)).size).toBe(1);
      await first.stop();
      await ask(running.subscriptions, "disableSubscription", { id, reason: "gone", callbackUrl: "" });
      const second = await startOutbox(running, ingest);
      await ingest.untilAccepted(2);
      expect(ingest.accepted.map(({ type }) => type)).toEqual([
        ...["postrider.subscription.failing", "postrider.subscription.disabled"],
      ]);
      await second.stop();
    });

    test("says nothing of what was before its first start", async () => {
      const running = await startSubscription();
      const ingest = createIngest();
      const before = await subscribe(running);
      await ask(running.subscriptions, "disableSubscription", { id: before.id, reason: "gone", callbackUrl: "" });
      const outbox = await startOutbox(running, ingest);
      const after = await subscribe(running);
      await ask(running.subscriptions, "disableSubscription", { id: after.id, reason: "gone", callbackUrl: "" });
      await ingest.untilAccepted(1);
      expect(ingest.accepted[0]?.orderingKey).toBe(after.id);
      await outbox.stop();
    });

    test("does not repeat what another instance has published", async () => {
      const running = await startSubscription();
      const [slow, fast] = [createIngest(), createIngest()];
      slow.isAway = true;
      const slowOutbox = await startOutbox(running, slow);
      const { id } = await subscribe(running);
      const disable = async (): Promise<unknown> =>
        ask(running.subscriptions, "disableSubscription", { id, reason: "gone", callbackUrl: "" });
      await disable();
      await slow.untilAsked(1);
      const fastOutbox = await startOutbox(running, fast);
      await fast.untilAccepted(1);
      await fastOutbox.stop();
      slow.isAway = false;
      await ask(running.subscriptions, "resumeSubscription", { id });
      await disable();
      await slow.untilAccepted(1);
      expect(new Set([...slow.accepted, ...fast.accepted].map((event) => event.id)).size).toBe(2);
      await slowOutbox.stop();
    });
  });
}

interface FakeIngest {
  readonly asked: readonly Event[];
  readonly accepted: readonly Event[];
  isAway: boolean;
  readonly publish: (request: { event?: Event | undefined }) => Promise<void>;
  readonly untilAsked: (count: number) => Promise<void>;
  readonly untilAccepted: (count: number) => Promise<void>;
}

function createIngest(): FakeIngest {
  const watchers = createWatchers();
  const asked: Event[] = [];
  const accepted: Event[] = [];
  const until = async (events: readonly Event[], count: number): Promise<void> =>
    watchers.waitUntil(
      () => events.length >= count,
      () => `${events.length} events instead of ${count}`,
    );
  const ingest: FakeIngest = {
    ...{ asked, accepted, isAway: false },
    publish: async ({ event }) => {
      if (!event) throw new Error("no event");
      asked.push(event);
      if (!ingest.isAway) accepted.push(event);
      watchers.changed();
      if (ingest.isAway) throw new Error("away");
      return Promise.resolve();
    },
    untilAsked: async (count) => until(asked, count),
    untilAccepted: async (count) => until(accepted, count),
  };
  return ingest;
}

interface Subscribed {
  readonly id: string;
  /** Fails until the warning; answers since when. */
  readonly fail: () => Promise<number>;
  readonly succeed: (atMs: number) => Promise<void>;
}

async function subscribe({ subscriptions }: RunningSubscription): Promise<Subscribed> {
  const { subscription } = await ask(subscriptions, "createSubscription", { subscription: subscriptionMessage() });
  const { id: subscriptionId = "", callbackUrl = "" } = subscription ?? {};
  const report = async (health: ReportEndpointHealthRequest["health"]): Promise<void> => {
    await ask(subscriptions, "reportEndpointHealth", { subscriptionId, callbackUrl, health });
  };
  return {
    id: subscriptionId,
    fail: async () => {
      const sinceMs = Date.now() + 1000;
      for (const lastMs of [sinceMs + 10, sinceMs + 10 + THRESHOLDS.failingAfterMs]) {
        const value = { since: new Date(sinceMs), lastFailure: new Date(lastMs), failures: 9n };
        await report({ $case: "failing", value });
      }
      return sinceMs;
    },
    succeed: async (atMs) => report({ $case: "succeeded", value: { time: new Date(atMs) } }),
  };
}
