import { randomUUID } from "node:crypto";
import { Webhook } from "standardwebhooks";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type InMemoryPlatform, SECRET, startInMemoryPlatform } from "./testing/in-memory-platform.ts";
import { type RunningPostrider, startPostrider } from "./testing/run-postrider.ts";

const RECEIVE = ["receive", "--port", "0"];

let running: RunningPostrider[] = [];
afterEach(async () => {
  for (const one of running) one.interrupt();
  await Promise.all(running.map(async ({ outcome }) => await outcome));
  running = [];
});

function receive(...args: string[]): RunningPostrider {
  const started = startPostrider([...RECEIVE, ...args], { environment: { POSTRIDER_SECRET: SECRET } });
  running.push(started);
  return started;
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

async function send(
  url: string,
  settings: { secret?: string; id?: string; signal?: AbortSignal; body?: object } = {},
): Promise<Answer> {
  const { secret = SECRET, id = `msg_${randomUUID()}`, signal = null } = settings;
  const now = new Date();
  const event = { type: "order_paid", timestamp: now.toISOString(), data: { order_id: "o_1" } };
  const body = JSON.stringify(settings.body ?? event);
  const headers = {
    "content-type": "application/json",
    "webhook-id": id,
    "webhook-timestamp": String(Math.floor(now.getTime() / 1000)),
    "webhook-signature": new Webhook(secret).sign(id, now, body),
  };
  const response = await fetch(url, { method: "POST", body, headers, signal });
  return { status: response.status, body: await response.json() };
}

describe("receive", () => {
  test("verifies, prints and acknowledges, and ends with 0 after --count", async () => {
    const { ready, outcome } = receive("--count", "1");
    const answer = await send(await ready, { id: "msg_1" });
    expect(answer).toEqual({ status: 200, body: { status: "success", message: "received msg_1" } });
    const { exitCode, stdout, stderr } = await outcome;
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(stdout).toMatch(
      /^ready http:\/\/127\.0\.0\.1:\d+\/webhooks\n#1 order_paid msg_1 {2}verified, answered 200\n/,
    );
  });

  test("agrees when it is asked whether it wants deliveries, which is no webhook", async () => {
    const { ready, outcome } = receive("--count", "1");
    const url = await ready;
    const body = { type: "url_verification", challenge: "a challenge" };
    expect(await send(url, { body })).toEqual({ status: 200, body: { challenge: "a challenge" } });
    const handshake = await fetch(url, {
      method: "OPTIONS",
      headers: { "webhook-request-origin": "hooks.example.com" },
    });
    expect([handshake.status, handshake.headers.get("webhook-allowed-origin")]).toEqual([200, "hooks.example.com"]);
    expect((await send(url, { body, secret: "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD" })).status).toBe(400);
    const { exitCode, stdout } = await outcome;
    expect(exitCode).toBe(4);
    expect(stdout).toContain("agreed to deliveries (challenge)\n");
    expect(stdout).toContain("#1 url_verification");
  });

  test("--json prints one line per webhook and nothing else", async () => {
    const { ready, outcome } = receive("--count", "2", "--json");
    const url = await ready;
    await send(url, { id: "msg_1" });
    await send(url, { id: "msg_2" });
    const { stdout, stderr } = await outcome;
    expect(stderr).toBe(`ready ${url}\n`);
    const lines = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as unknown);
    expect(lines).toMatchObject([
      { number: 1, id: "msg_1", verification: "verified", status: 200, method: "POST", path: "/webhooks" },
      { number: 2, id: "msg_2", type: "order_paid", body: { type: "order_paid", data: { order_id: "o_1" } } },
    ]);
  });

  test("answers 400 to what was not signed with the secret, and ends with 4 after --count", async () => {
    const { ready, outcome } = receive("--count", "2");
    const url = await ready;
    const forged = await send(url, { secret: "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD" });
    expect(forged).toEqual({ status: 400, body: { status: "error", message: "No matching signature found" } });
    await send(url);
    const { exitCode, stdout, stderr } = await outcome;
    expect(exitCode).toBe(4);
    expect(stdout).toContain("NOT VERIFIED (No matching signature found), answered 400");
    expect(stderr).toBe("error: 1 of 2 webhooks were not signed with the secret\n");
  });

  test("--fail answers 500 first, then --status", async () => {
    const { ready, outcome } = receive("--fail", "2", "--status", "202", "--count", "3");
    const url = await ready;
    const statuses = [await send(url), await send(url), await send(url)].map(({ status }) => status);
    expect(statuses).toEqual([500, 500, 202]);
    expect((await outcome).exitCode).toBe(0);
  });

  test("--slow answers no earlier than asked", async () => {
    const { ready, outcome } = receive("--slow", "300", "--count", "1");
    const url = await ready;
    const start = performance.now();
    expect((await send(url)).status).toBe(200);
    expect(performance.now() - start).toBeGreaterThanOrEqual(295);
    expect((await outcome).exitCode).toBe(0);
  });

  test("--hang takes the webhook and never answers", async () => {
    const { ready, outcome } = receive("--hang", "--count", "1");
    await expect(send(await ready)).rejects.toThrow();
    const { exitCode, stdout } = await outcome;
    expect(exitCode).toBe(0);
    expect(stdout).toContain("verified, no answer");
  });

  test("refuses more than it reads", async () => {
    const { ready } = receive();
    const response = await fetch(await ready, { method: "POST", body: "x".repeat(1024 * 1024 + 1) });
    expect(response.status).toBe(413);
  });

  test("ends with 0 when it is interrupted, with 1 if more webhooks were expected", async () => {
    const endless = receive();
    const counting = receive("--count", "2");
    await Promise.all([endless.ready, counting.ready]);
    endless.interrupt();
    counting.interrupt();
    expect((await endless.outcome).exitCode).toBe(0);
    expect(await counting.outcome).toMatchObject({ exitCode: 1, stderr: "error: stopped after 0 of 2 webhooks\n" });
  });

  test("ends with 2 when the port is taken", async () => {
    const { ready } = receive();
    const { port } = new URL(await ready);
    const second = receive("--port", port);
    expect(await second.outcome).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining("EADDRINUSE") as string,
    });
  });
});

describe("receive --create", () => {
  let platform: InMemoryPlatform;
  beforeEach(async () => {
    platform = await startInMemoryPlatform();
  });
  afterEach(async () => {
    await platform.stop();
  });

  function receiveOwn(...args: string[]): RunningPostrider {
    const own = ["--create", "--tenant", "acme", "--events", "order_paid,user_registered"];
    const started = startPostrider([...RECEIVE, ...own, ...args], { address: platform.address });
    running.push(started);
    return started;
  }

  test("subscribes itself, verifies with that secret, and unsubscribes at the end", async () => {
    const created = platform.nextSubscription();
    const { ready, outcome } = receiveOwn("--count", "1");
    const url = await ready;
    expect(await created).toMatchObject({
      tenantId: "acme",
      callbackUrl: url,
      eventTypes: ["order_paid", "user_registered"],
    });
    expect(platform.subscriptions.size).toBe(1);
    expect((await send(url)).status).toBe(200);
    expect((await outcome).exitCode).toBe(0);
    expect(platform.subscriptions.size).toBe(0);
  });

  test("unsubscribes when it is interrupted", async () => {
    const { ready, interrupt, outcome } = receiveOwn();
    await ready;
    interrupt();
    const { exitCode, stdout } = await outcome;
    expect(exitCode).toBe(0);
    expect(stdout).toContain("subscribed sub_1 to order_paid, user_registered\n");
    expect(platform.subscriptions.size).toBe(0);
  });

  test("ends with 3 when the platform is not there", async () => {
    await platform.stop();
    expect((await receiveOwn().outcome).exitCode).toBe(3);
  });
});
