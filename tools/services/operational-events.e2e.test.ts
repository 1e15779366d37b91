// Must hold: on Kafka and PostgreSQL too a tenant is told that its endpoint fails, that it was disabled, and that it is gone.
import { findStack, type ReceivedRequest, type Receiver, startReceiver } from "@postrider/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openPlatform, type Platform } from "../chaos/platform/open-platform.ts";

const stack = findStack();
/** Longer than it takes: what fails is sent five times, and each change goes through two services and Kafka. */
const DEADLINE_MS = 60_000;
/** With an attempt each half second: the warning comes with the third, the end with the sixth, before the breaker opens. */
const THRESHOLDS = {
  POSTRIDER_HEALTH_REPORT_INTERVAL: "20ms",
  POSTRIDER_FAILING_AFTER: "200ms",
  POSTRIDER_FAILING_LEAST_ATTEMPTS: "3",
  POSTRIDER_DISABLED_AFTER: "1800ms",
};

interface Told {
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
}

function told(requests: readonly ReceivedRequest[]): Told[] {
  return requests.map(({ body }) => JSON.parse(body.toString()) as Told);
}

describe.skipIf(stack === undefined)("on Kafka and PostgreSQL", () => {
  let platform: Platform;
  let watcher: Receiver;

  beforeAll(async () => {
    if (!stack) return;
    const opening = openPlatform({ stack, dispatchers: 2, environment: THRESHOLDS });
    [platform, watcher] = await Promise.all([opening, startReceiver()]);
    await platform.client.createSubscription({
      ...{ url: watcher.url, tenantId: "acme", eventTypes: ["postrider.subscription.*"] },
    });
  });
  afterAll(async () => {
    await platform.close();
    await watcher.close();
  });

  /** What the tenant was told of a subscription, once it was told so often. */
  async function untilTold(id: string, count: number): Promise<readonly Told[]> {
    const isOf = (request: Told): boolean => request.data["subscription_id"] === id;
    const requests = await watcher.waitFor((all) => told(all).filter(isOf).length >= count, DEADLINE_MS);
    return told(requests).filter(isOf);
  }

  test("an endpoint that only fails: its tenant is warned, then its subscription is disabled", async () => {
    const hook = await startReceiver({ answer: { status: 500 } });
    const { id } = await platform.client.createSubscription({
      ...{ url: hook.url, tenantId: "acme", eventTypes: ["order_paid"], retryDelaysMs: Array<number>(20).fill(500) },
    });
    await platform.client.publish({ id: "fails", tenantId: "acme" });
    const whose = { subscription_id: id, callback_url: hook.url };
    const [failing, disabled] = await untilTold(id, 2);
    expect(failing).toMatchObject({ type: "postrider.subscription.failing", data: whose });
    expect(disabled).toMatchObject({ type: "postrider.subscription.disabled", data: whose });
    expect(disabled?.data["since"]).toBe(failing?.data["since"]);
    await hook.close();
  });

  test("an endpoint that says 410: its subscription is disabled with its reason, at once", async () => {
    const gone = await startReceiver({ answer: { status: 410 } });
    const { id } = await platform.client.createSubscription({
      ...{ url: gone.url, tenantId: "acme", eventTypes: ["order_paid"] },
    });
    await platform.client.publish({ id: "gone", tenantId: "acme" });
    const [disabled] = await untilTold(id, 1);
    expect(disabled).toMatchObject({
      type: "postrider.subscription.disabled",
      data: { subscription_id: id, callback_url: gone.url, reason: "its endpoint answered 410 Gone" },
    });
    expect(gone.requests).toHaveLength(1);
    await gone.close();
  });
});
