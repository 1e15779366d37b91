import { deferredPromise, startReceiver } from "@postrider/testing";
import { expect, test } from "vitest";
import { connectPlatform } from "./testing/platform-client.ts";
import { createDataDir, startPlatform } from "./testing/platform-process.ts";

test("SIGTERM lets what is out end, and what ended is not sent again", async () => {
  const { dataDir, remove } = createDataDir();
  const release = deferredPromise();
  const receiver = await startReceiver({
    answer: async () => {
      await release.promise;
      return { status: 200 };
    },
  });
  const platform = await startPlatform({ dataDir });
  const client = connectPlatform(platform.grpcAddress);
  await client.createEventType("order_paid");
  await client.createSubscription({ url: receiver.url });
  await client.publish({ json: { n: 1 } });
  await receiver.waitFor(1);

  const stopped = platform.stop("SIGTERM");
  await expect(client.publish({ json: { n: 2 } })).rejects.toThrow();
  release.resolve(undefined);
  expect(await stopped).toEqual({ code: 0, signal: null });
  client.close();

  const again = await startPlatform({ dataDir });
  const second = connectPlatform(again.grpcAddress);
  const { eventId } = await second.publish({ json: { n: 3 } });
  const requests = await receiver.waitFor(2);
  expect(requests[1]?.headers["webhook-id"]).toBe(eventId);
  second.close();
  await again.stop("SIGTERM");
  await receiver.close();
  remove();
});

test("what does not end within the grace time is left for the next start, and the exit is clean", async () => {
  const { dataDir, remove } = createDataDir();
  const hanging = await startReceiver({ answer: async () => new Promise(() => undefined) });
  const platform = await startPlatform({ dataDir, environment: { POSTRIDER_SHUTDOWN_GRACE: "200ms" } });
  const client = connectPlatform(platform.grpcAddress);
  await client.createEventType("order_paid");
  await client.createSubscription({ url: hanging.url });
  const { eventId } = await client.publish({ json: { n: 1 } });
  await hanging.waitFor(1);
  expect(await platform.stop("SIGTERM")).toEqual({ code: 0, signal: null });
  client.close();

  hanging.answer({ status: 200 });
  const again = await startPlatform({ dataDir });
  const requests = await hanging.waitFor(2);
  expect(requests.map(({ headers }) => headers["webhook-id"])).toEqual([eventId, eventId]);
  await again.stop("SIGTERM");
  await hanging.close();
  remove();
});

test("an id that is published again is delivered once, also over a restart", async () => {
  const { dataDir, remove } = createDataDir();
  const receiver = await startReceiver();
  const first = await startPlatform({ dataDir });
  let client = connectPlatform(first.grpcAddress);
  await client.createEventType("order_paid");
  await client.createSubscription({ url: receiver.url });
  await client.publish({ id: "once", json: { n: 1 } });
  await client.publish({ id: "once", json: { n: 1 } });
  await receiver.waitFor(1);
  client.close();
  await first.stop("SIGTERM");

  const second = await startPlatform({ dataDir });
  client = connectPlatform(second.grpcAddress);
  await client.publish({ id: "once", json: { n: 1 } });
  await client.publish({ id: "another", json: { n: 2 } });
  await receiver.waitFor((requests) => requests.some(({ headers }) => headers["webhook-id"] === "another"));
  expect(receiver.requests.map(({ headers }) => headers["webhook-id"])).toEqual(["once", "another"]);
  client.close();
  await second.stop("SIGTERM");
  await receiver.close();
  remove();
});
