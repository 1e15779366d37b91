import { Subscription_State as State } from "@postrider/contracts/postrider/v1/subscription";
import { type ReceivedRequest, startConnectProxy, startReceiver } from "@postrider/testing";
import { expect, test } from "vitest";
import { connectPlatform } from "./testing/platform-client.ts";
import { createDataDir, type PlatformProcess, startPlatform } from "./testing/platform-process.ts";

const DEADLINE_MS = 20_000;
/** Of which none can be reached: enough to doubt the way to them. */
const HOSTS = 6;
/** With an attempt each half second: the warning comes with the third, the end with the sixth, before the breaker opens. */
const THRESHOLDS = {
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

test("a tenant is told that its endpoint fails, that it is disabled, and that it recovered; and nothing else", async () => {
  const { dataDir, remove } = createDataDir();
  const platform = await startPlatform({ dataDir, environment: THRESHOLDS });
  const client = connectPlatform(platform.grpcAddress);
  await client.createEventType("order_paid");
  const [hook, watcher] = [await startReceiver({ answer: { status: 500 } }), await startReceiver()];
  const retryDelaysMs = Array<number>(20).fill(500);
  const { id } = await client.createSubscription({ url: hook.url, eventTypes: ["order_paid"], retryDelaysMs });
  // The endpoint that fails wants to be told of it too, in vain: that must not make more of it.
  await client.createSubscription({ url: hook.url, eventTypes: ["postrider.subscription.failing"], retryDelaysMs: [] });
  await client.createSubscription({ url: watcher.url, eventTypes: ["postrider.subscription.*"] });
  await client.createSubscription({ url: `${watcher.url}/all`, tenantId: "other", eventTypes: ["postrider.*"] });
  const untilTold = async (count: number): Promise<Told | undefined> =>
    told(await watcher.waitFor(count, DEADLINE_MS))[count - 1];

  await client.publish({ json: { order: 1 } });
  const whose = { subscription_id: id, callback_url: hook.url };
  const failing = await untilTold(1);
  expect(failing).toMatchObject({ type: "postrider.subscription.failing", data: whose });
  const disabled = await untilTold(2);
  expect(disabled).toMatchObject({ type: "postrider.subscription.disabled", data: whose });
  expect(disabled?.data["since"]).toBe(failing?.data["since"]);
  const { state, disabledReason } = (await client.getSubscription(id)) ?? {};
  expect([state, disabledReason]).toEqual([State.STATE_DISABLED, disabled?.data["reason"]]);

  hook.answer({ status: 200 });
  await client.resumeSubscription(id);
  await client.publish({ id: "after-resume", json: { order: 2 } });
  await hook.waitFor(
    (requests) => requests.some(({ headers }) => headers["webhook-id"] === "after-resume"),
    DEADLINE_MS,
  );

  // What is told next would come after anything that the resume or the success had brought.
  hook.answer({ status: 500 });
  await client.publish({ json: { order: 3 } });
  expect(await untilTold(3)).toMatchObject({ type: "postrider.subscription.failing", data: whose });
  hook.answer({ status: 200 });
  expect(await untilTold(4)).toMatchObject({ type: "postrider.subscription.recovered", data: whose });
  expect((await client.getSubscription(id))?.failureStreak).toBeUndefined();
  expect(watcher.requests).toHaveLength(4);

  client.close();
  await Promise.all([hook.close(), watcher.close()]);
  expect(await platform.stop("SIGTERM")).toEqual({ code: 0, signal: null });
  remove();
});

test("an endpoint that is gone ends its subscription at its first 410, and the tenant is told why", async () => {
  const { dataDir, remove } = createDataDir();
  const platform = await startPlatform({ dataDir });
  const client = connectPlatform(platform.grpcAddress);
  await client.createEventType("order_paid");
  const [hook, watcher] = [await startReceiver({ answer: { status: 410 } }), await startReceiver()];
  const { id } = await client.createSubscription({ url: hook.url, eventTypes: ["order_paid"] });
  await client.createSubscription({ url: watcher.url, eventTypes: ["postrider.subscription.disabled"] });
  await client.createSubscription({ url: `${watcher.url}/orders`, eventTypes: ["order_paid"] });

  await client.publish({ json: { order: 1 } });
  const isTold = ({ url }: ReceivedRequest): boolean => url === "/hook";
  await watcher.waitFor((requests) => requests.some(isTold), DEADLINE_MS);
  const reason = "its endpoint answered 410 Gone";
  expect(told(watcher.requests.filter(isTold))).toMatchObject([
    { type: "postrider.subscription.disabled", data: { subscription_id: id, callback_url: hook.url, reason } },
  ]);
  expect(await client.getSubscription(id)).toMatchObject({ state: State.STATE_DISABLED, disabledReason: reason });

  // What comes after is for those that are there: once they have it, the one that is gone would have had it too.
  await client.publish({ json: { order: 2 } });
  await watcher.waitFor((requests) => requests.filter((request) => !isTold(request)).length === 2, DEADLINE_MS);
  expect(hook.requests).toHaveLength(1);

  client.close();
  await Promise.all([hook.close(), watcher.close()]);
  expect(await platform.stop("SIGTERM")).toEqual({ code: 0, signal: null });
  remove();
});

test("while the platform's own way out is broken, nobody is warned or disabled for it", async () => {
  const { dataDir, remove } = createDataDir();
  // A tunnel for each request: one that is open already would still be there when the proxy opens none.
  const closing = { connection: "close" };
  const [hook, watcher] = [await startReceiver({ answer: { headers: closing } }), await startReceiver()];
  let isBroken = false;
  // Loopback is not proxied: the tenant could be told all the while.
  const proxy = await startConnectProxy(() => (isBroken ? 502 : { port: hook.port }));
  const platform = await startPlatform({
    dataDir,
    // A warning would come with the fifth attempt.
    environment: {
      POSTRIDER_EGRESS_PROXY: proxy.url,
      POSTRIDER_FAILING_AFTER: "1200ms",
      POSTRIDER_FAILING_LEAST_ATTEMPTS: "1",
      POSTRIDER_DISABLED_AFTER: "2400ms",
    },
  });
  const client = connectPlatform(platform.grpcAddress);
  await client.createEventType("order_paid");
  const retryDelaysMs = Array<number>(20).fill(500);
  const urls = Array.from({ length: HOSTS }, (_, index) => `http://shop-${index}.example/hook`);
  for (const url of urls) await client.createSubscription({ url, eventTypes: ["order_paid"], retryDelaysMs });
  await client.createSubscription({ url: watcher.url, eventTypes: ["postrider.subscription.*"] });

  await client.publish({ json: { order: 1 } });
  await hook.waitFor(HOSTS, DEADLINE_MS);
  isBroken = true;
  await client.publish({ json: { order: 2 } });
  await expect.poll(() => proxy.connects.length, { timeout: DEADLINE_MS }).toBeGreaterThanOrEqual(HOSTS * 7);
  expect(await readMetric(platform, "postrider_way_out_in_doubt")).toBe(1);
  isBroken = false;
  await hook.waitFor(2 * HOSTS, DEADLINE_MS);
  expect(await readMetric(platform, "postrider_way_out_in_doubt")).toBe(0);

  // The first that the tenant hears of: what had been told before would have come before.
  hook.answer({ status: 410, headers: closing });
  await client.publish({ json: { order: 3 } });
  const types = told(await watcher.waitFor(HOSTS, DEADLINE_MS)).map(({ type }) => type);
  expect(types).toEqual(Array(HOSTS).fill("postrider.subscription.disabled"));

  client.close();
  await Promise.all([hook.close(), watcher.close(), proxy.close()]);
  expect(await platform.stop("SIGTERM")).toEqual({ code: 0, signal: null });
  remove();
});

async function readMetric({ adminAddress }: PlatformProcess, name: string): Promise<number> {
  const text = await (await fetch(`http://${adminAddress}/metrics`)).text();
  return Number(new RegExp(`^${name} (.+)$`, "m").exec(text)?.[1]);
}
