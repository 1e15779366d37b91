import { Subscription_State as State } from "@postrider/contracts/postrider/v1/subscription";
import { type AnswerHandler, type ReceivedRequest, startReceiver } from "@postrider/testing";
import { Webhook } from "standardwebhooks";
import { expect, test } from "vitest";
import { connectPlatform } from "./testing/platform-client.ts";
import { createDataDir, startPlatform } from "./testing/platform-process.ts";

const DEADLINE_MS = 20_000;

/** What a receiver does that wants deliveries: it echoes, and takes the rest. */
const agree: AnswerHandler = ({ body }) => {
  const { type, challenge } = JSON.parse(body.toString()) as { type: string; challenge?: string };
  return type === "url_verification" ? { body: JSON.stringify({ challenge }) } : { status: 200 };
};

function idsOf(requests: readonly ReceivedRequest[]): unknown[] {
  return requests.map(({ headers }) => headers["webhook-id"]);
}

test("nothing is delivered to a URL where nobody has agreed; once somebody has, everything from then on", async () => {
  const { dataDir, remove } = createDataDir();
  const platform = await startPlatform({ dataDir, environment: { POSTRIDER_URL_VERIFICATION: "challenge" } });
  const client = connectPlatform(platform.grpcAddress);
  await client.createEventType("order_paid");
  const [stranger, witness] = [await startReceiver({ answer: { status: 200, body: "ok" } }), await startReceiver()];
  witness.answer(agree);
  const pending = await client.createSubscription({ url: stranger.url, retryDelaysMs: [100, 100] });
  expect(pending).toMatchObject({
    state: State.STATE_PENDING,
    pendingReason: "the callback URL did not answer with the challenge",
  });
  expect((await client.createSubscription({ url: witness.url })).state).toBe(State.STATE_ACTIVE);

  await client.publish({ id: "too-early", json: {} });
  await witness.waitFor((requests) => idsOf(requests).includes("too-early"), DEADLINE_MS);
  stranger.answer(agree);
  expect(await client.verifySubscription(pending.id)).toMatchObject({ state: State.STATE_ACTIVE, pendingReason: "" });
  // In force within a second: events that the dispatcher still has by the old lookup are not for it.
  await expect
    .poll(
      async () => {
        await client.publish({ json: {} });
        return stranger.requests.length;
      },
      { timeout: DEADLINE_MS },
    )
    .toBeGreaterThan(2);
  await client.publish({ id: "wanted", json: {} });
  await stranger.waitFor((requests) => idsOf(requests).includes("wanted"), DEADLINE_MS);
  expect(idsOf(stranger.requests)).not.toContain("too-early");
  const verifying = new Webhook(pending.secret);
  for (const { body, headers } of stranger.requests) {
    expect(() => verifying.verify(body, headers as Record<string, string>)).not.toThrow();
  }

  client.close();
  await Promise.all([stranger.close(), witness.close()]);
  expect(await platform.stop("SIGTERM")).toEqual({ code: 0, signal: null });
  remove();
});

test("a receiver that gave its permission in the handshake of CloudEvents sees whose deliveries it gets", async () => {
  const { dataDir, remove } = createDataDir();
  const asking = { POSTRIDER_URL_VERIFICATION: "cloudevents", POSTRIDER_WEBHOOK_ORIGIN: "hooks.platform.example" };
  const platform = await startPlatform({ dataDir, environment: asking });
  const client = connectPlatform(platform.grpcAddress);
  await client.createEventType("order_paid");
  const receiver = await startReceiver();
  receiver.answer(({ method, headers }) =>
    method === "OPTIONS" ? { headers: { "webhook-allowed-origin": String(headers["webhook-request-origin"]) } } : {},
  );
  expect((await client.createSubscription({ url: receiver.url })).state).toBe(State.STATE_ACTIVE);
  await client.publish({ id: "wanted", json: {} });
  const [handshake, delivery] = await receiver.waitFor(2, DEADLINE_MS);
  expect(handshake?.headers["webhook-request-origin"]).toBe("hooks.platform.example");
  expect(delivery?.headers).toMatchObject({ "webhook-id": "wanted", origin: "hooks.platform.example" });

  client.close();
  await receiver.close();
  await platform.stop("SIGTERM");
  remove();
});

test("killed while a URL is asked: the subscription is there, pending, and can be verified after the next start", async () => {
  const { dataDir, remove } = createDataDir();
  const environment = { POSTRIDER_URL_VERIFICATION: "challenge" };
  const first = await startPlatform({ dataDir, environment });
  const client = connectPlatform(first.grpcAddress);
  const never = Promise.withResolvers<never>();
  const receiver = await startReceiver({ answer: async () => never.promise });
  const creating = client.createSubscription({ url: receiver.url });
  const failing = expect(creating).rejects.toThrow();
  await receiver.waitFor(1, DEADLINE_MS);
  await first.stop("SIGKILL");
  await failing;
  client.close();

  const second = await startPlatform({ dataDir, environment });
  const again = connectPlatform(second.grpcAddress);
  const [found] = await again.listSubscriptions();
  expect(found).toMatchObject({ state: State.STATE_PENDING, pendingReason: "the callback URL was not asked yet" });
  receiver.answer(agree);
  expect(await again.verifySubscription(found?.id ?? "")).toMatchObject({ state: State.STATE_ACTIVE });

  again.close();
  await second.stop("SIGTERM");
  await receiver.close();
  remove();
});
