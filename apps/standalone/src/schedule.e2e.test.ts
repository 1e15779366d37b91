import type { Subscription } from "@postrider/contracts/postrider/v1/subscription";
import { startHostileReceiver, startReceiver, type ReceivedRequest } from "@postrider/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { connectPlatform, type PlatformClient } from "./testing/platform-client.ts";
import { createDataDir, type PlatformProcess, startPlatform } from "./testing/platform-process.ts";

const { dataDir, remove } = createDataDir();
let platform: PlatformProcess;
let client: PlatformClient;

beforeAll(async () => {
  platform = await startPlatform({ dataDir });
  client = connectPlatform(platform.grpcAddress);
  await client.createEventType("order_paid");
});

afterAll(async () => {
  client.close();
  expect(await platform.stop("SIGTERM")).toEqual({ code: 0, signal: null });
  remove();
});

/** The waits between attempts, in milliseconds. */
function waitsOf(requests: readonly ReceivedRequest[]): number[] {
  return requests.slice(1).map((request, index) => request.arrivedAtMs - (requests[index]?.arrivedAtMs ?? 0));
}

test("a receiver that fails three times gets four attempts on schedule, with one id and fresh timestamps", async () => {
  const failing = { status: 500 };
  const receiver = await startReceiver({ answer: [failing, failing, failing, { status: 200 }] });
  const delaysMs = [300, 600, 1200];
  await client.createSubscription({ tenantId: "fails", url: receiver.url, retryDelaysMs: delaysMs });
  const { eventId } = await client.publish({ tenantId: "fails", json: { n: 1 } });
  const requests = await receiver.waitFor(4);

  expect(requests.map(({ headers }) => headers["webhook-id"])).toEqual(Array(4).fill(eventId));
  expect(new Set(requests.map(({ body }) => body.toString())).size).toBe(1);
  for (const [index, waitMs] of waitsOf(requests).entries()) {
    // Never earlier than the schedule says; later by the jitter of a fifth, and by what a busy machine takes.
    expect(waitMs).toBeGreaterThanOrEqual((delaysMs[index] ?? 0) - 2);
    expect(waitMs).toBeLessThan((delaysMs[index] ?? 0) * 1.2 + 1500);
  }
  await receiver.close();
});

test("after the last delay the delivery is dead, and no further request comes", async () => {
  const receiver = await startReceiver({ answer: { status: 500 } });
  await client.createSubscription({ tenantId: "dies", url: receiver.url, retryDelaysMs: [50, 50] });
  await client.publish({ tenantId: "dies", json: { n: 1 } });
  await receiver.waitFor(3);
  const metrics = await waitForMetric('postrider_deliveries_total{outcome="exhausted"} 1');
  expect(metrics).toContain('postrider_attempts_total{result="5xx"}');
  expect(receiver.requests).toHaveLength(3);
  await receiver.close();
});

test("receivers that never answer or drip are cut at the deadline, and nobody waits for them", async () => {
  const silent = await startHostileReceiver("silent");
  const drip = await startHostileReceiver("drip-body");
  const healthy = await startReceiver();
  const hostile = { retryDelaysMs: [60_000], timeoutMs: 4000 };
  for (const { url } of [silent, drip]) await client.createSubscription({ tenantId: "mixed", url, ...hostile });
  await client.createSubscription({ tenantId: "mixed", url: healthy.url });

  // More than the hostile endpoints are given at first, so that their queues fill too.
  const events = Array.from({ length: 200 }, (_, n) => n);
  const publishedAtMs = Date.now();
  await Promise.all(events.map(async (n) => client.publish({ tenantId: "mixed", json: { n } })));
  await healthy.waitFor(events.length);
  const lastAtMs = Math.max(...healthy.requests.map(({ arrivedAtMs }) => arrivedAtMs));
  // The healthy endpoint had all of them before the hostile ones' first deadline had passed.
  expect(lastAtMs - publishedAtMs).toBeLessThan(hostile.timeoutMs);

  // The slots are freed at the deadline: attempts end as timeouts, of both.
  await waitForMetric('postrider_attempts_total{result="timeout"}', 16);
  await Promise.all([silent.close(), drip.close(), healthy.close()]);
});

test("acknowledgement rules decide whether a 200 counts", async () => {
  const json = await startReceiver({ answer: [{ body: '{"status":"failed"}' }, { body: '{"status":"success"}' }] });
  const exact = await startReceiver({ answer: [{ body: "ok" }, { body: "success\n" }] });
  const retryDelaysMs = [50];
  const rule = (value: 2 | 3, exactBody = ""): object => ({ acknowledgement: { rule: value, exactBody } });
  await client.createSubscription({ tenantId: "ack", url: json.url, retryDelaysMs, more: rule(2) });
  await client.createSubscription({ tenantId: "ack", url: exact.url, retryDelaysMs, more: rule(3, "success") });
  await client.publish({ tenantId: "ack", json: {} });
  await Promise.all([json.waitFor(2), exact.waitFor(2)]);
  const metrics = await waitForMetric('postrider_attempts_total{result="not_acknowledged"} 2');
  expect(metrics).toContain("postrider_notification_delay_seconds_count");
  await Promise.all([json.close(), exact.close()]);
});

test("methods and formats arrive as the subscription says, and custom headers with them", async () => {
  const receiver = await startReceiver();
  const methods = [1, 2, 3, 4, 5] as const;
  for (const method of methods) {
    const more = { method, payloadFormat: 5, headers: { "x-tenant-token": "t1" } } as const;
    await client.createSubscription({ tenantId: "forms", url: `${receiver.url}/${method}?a=b`, more });
  }
  const { eventId } = await client.publish({ tenantId: "forms", json: { n: 1 } });
  const requests = await receiver.waitFor(methods.length);
  expect(requests.map(({ method }) => method).sort()).toEqual(["DELETE", "GET", "PATCH", "POST", "PUT"]);
  for (const { method, url, body, headers } of requests) {
    expect(headers["x-tenant-token"]).toBe("t1");
    const hasBody = method !== "GET" && method !== "DELETE";
    const query = Object.fromEntries(new URL(url, receiver.url).searchParams);
    const envelope = hasBody ? (JSON.parse(body.toString()) as object) : query;
    expect(envelope).toMatchObject({ event: "order_paid", event_id: eventId, data: hasBody ? { n: 1 } : '{"n":1}' });
    expect(query).toMatchObject({ a: "b" });
  }
  await receiver.close();
});

test("a paused subscription holds its deliveries and gets them when it is resumed", async () => {
  const receiver = await startReceiver();
  const { id } = await client.createSubscription({ tenantId: "pauses", url: receiver.url });
  await client.pauseSubscription(id);
  await client.publish({ tenantId: "pauses", json: { n: 1 } });
  await waitForMetric('postrider_deferred_total{reason="paused"}', 1);
  expect(receiver.requests).toHaveLength(0);
  await client.resumeSubscription(id);
  await receiver.waitFor(1, 30_000);
  await receiver.close();
});

test("an endpoint that is gone ends its subscription, which says why and can be resumed", async () => {
  const receiver = await startReceiver({ answer: [{ status: 410 }, { status: 200 }] });
  const { id } = await client.createSubscription({ tenantId: "gone", url: receiver.url });
  await client.publish({ tenantId: "gone", json: { n: 1 } });
  await waitForMetric('postrider_deliveries_total{outcome="gone"}', 1);
  const disabled = await waitForState(id, 3);
  expect(disabled.disabledReason).toBe("its endpoint answered 410 Gone");
  await client.resumeSubscription(id);
  const { eventId } = await client.publish({ tenantId: "gone", json: { n: 2 } });
  const [, second] = await receiver.waitFor(2);
  expect(second?.headers["webhook-id"]).toBe(eventId);
  await receiver.close();
});

/** Asks until the subscription has that state (of the API's enum); each question waits for the one before. */
async function waitForState(id: string, state: number): Promise<Subscription> {
  const deadlineMs = Date.now() + 30_000;
  while (Date.now() < deadlineMs) {
    const found = await client.getSubscription(id);
    if (found?.state === state) return found;
  }
  throw new Error(`${id} is never in state ${state}`);
}

/** Scrapes until the text is there, with a value of at least `least` behind it; each scrape waits for the one before. */
async function waitForMetric(text: string, least = 0): Promise<string> {
  const deadlineMs = Date.now() + 30_000;
  while (Date.now() < deadlineMs) {
    const metrics = await (await fetch(`http://${platform.adminAddress}/metrics`)).text();
    const line = metrics.split("\n").find((candidate) => candidate.startsWith(text));
    if (line !== undefined && Number(line.split(" ").at(-1)) >= least) return metrics;
  }
  throw new Error(`no metric ${text} of at least ${least}`);
}
