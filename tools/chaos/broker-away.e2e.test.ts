// Must hold: without a broker, Publish answers UNAVAILABLE within its deadline and never OK; after its return everything
// works again without a restart, and what was accepted before is delivered.
import { status } from "@grpc/grpc-js";
import { deferredPromise, findStack, type Receiver, startReceiver } from "@postrider/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type KafkaCluster, startKafka } from "../stack/start-kafka.ts";
import { openPlatform, type Platform } from "./platform/open-platform.ts";
import { untilReceived } from "./platform/receipts.ts";
import { untilCaughtUp } from "./kills/until-recovered.ts";

const stack = findStack();
const DEADLINE_MS = 3000;
/** What the machine may take beside. */
const SLACK_MS = 1000;

describe.skipIf(stack === undefined)("without a broker", () => {
  let cluster: KafkaCluster;
  let platform: Platform;
  let receiver: Receiver;

  beforeAll(async () => {
    if (!stack) return;
    cluster = await startKafka({ nodes: 1 });
    platform = await openPlatform({ stack: { ...stack, kafkaBrokers: cluster.brokers } });
    receiver = await startReceiver();
    await platform.client.createSubscription({ url: receiver.url, tenantId: "acme", retryDelaysMs: [500, 500, 500] });
  });
  afterAll(async () => {
    await platform.close();
    await receiver.close();
    await cluster.stop();
  });

  async function publish(id: string): Promise<{ readonly code: number; readonly tookMs: number }> {
    const startedMs = performance.now();
    const code = await platform.client.publish({ id, tenantId: "acme" }, DEADLINE_MS).then(
      () => status.OK,
      (error: unknown) => (error as { code: number }).code,
    );
    return { code, tookMs: performance.now() - startedMs };
  }

  test("Publish answers UNAVAILABLE in time, and all is well after the broker's return", async () => {
    // Unfinished when the broker goes: some are out, the others wait for their turn.
    const gate = deferredPromise();
    receiver.answer(async () => gate.promise.then(() => ({ status: 200 })));
    const early = Array.from({ length: 100 }, (_, index) => `early-${index}`);
    for (const { code } of await Promise.all(early.map(publish))) expect(code).toBe(status.OK);
    await receiver.waitFor(10);

    const [node] = cluster.nodes;
    await node?.kill();
    gate.resolve(undefined);
    const refused = Array.from({ length: 3 }, (_, round) => [`none-${round}-a`, `none-${round}-b`]);
    for (const ids of refused) {
      for (const { code, tookMs } of await Promise.all(ids.map(publish))) {
        expect(status[code]).toBe("UNAVAILABLE");
        expect(tookMs).toBeLessThan(DEADLINE_MS + SLACK_MS);
      }
    }

    await node?.start();
    await untilAccepted("late-0");
    const late = Array.from({ length: 50 }, (_, index) => `late-${index + 1}`);
    for (const { code } of await Promise.all(late.map(publish))) expect(code).toBe(status.OK);
    await untilReceived(receiver, [...early, "late-0", ...late], 60_000);
    await untilCaughtUp({ brokers: cluster.brokers, topicPrefix: platform.topicPrefix, deadlineMs: 30_000 });
    const { subscription, ingest, dispatchers } = platform.services;
    for (const process of [subscription, ingest, ...dispatchers]) expect(process.exit(), process.name).toBeUndefined();
  });

  async function untilAccepted(id: string): Promise<void> {
    await expect.poll(async () => (await publish(id)).code, { timeout: 60_000, interval: 100 }).toBe(status.OK);
  }
});
