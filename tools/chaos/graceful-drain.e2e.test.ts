// Must hold: SIGTERM loses and repeats nothing. A dispatcher lets its requests end, records them and commits; ingest
// answers what it took and takes no more. Both exit with 0 within the grace.
import { status } from "@grpc/grpc-js";
import { AttemptBatch } from "@postrider/contracts/postrider/log/v1/delivery";
import { findStack, type Receiver, startReceiver } from "@postrider/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ServiceProcess } from "../services/service-process.ts";
import { type KafkaCluster, startKafka } from "../stack/start-kafka.ts";
import { connectPlatform } from "./platform/client.ts";
import { ATTEMPTS } from "./platform/kafka-view.ts";
import { readMetric } from "./platform/metrics.ts";
import { openPlatform, type Platform } from "./platform/open-platform.ts";
import { countReceipts, untilReceived } from "./platform/receipts.ts";
import { startSteadyLoad } from "./platform/steady-load.ts";

const stack = findStack();
const GRACE_MS = 20_000;
/** Requests last so long that dozens are out at any time. */
const ANSWER_MS = 700;
const PER_SECOND = 60;
const OUT_BEFORE_STOP = 100;
const WAITING_CALLS = 50;

describe.skipIf(stack === undefined)("SIGTERM", () => {
  let cluster: KafkaCluster;
  let platform: Platform;
  let receiver: Receiver;

  beforeAll(async () => {
    if (!stack) return;
    // One of its own, to hold still.
    cluster = await startKafka({ nodes: 1 });
    platform = await openPlatform({
      ...{ stack: { ...stack, kafkaBrokers: cluster.brokers }, dispatchers: 2 },
      environment: { POSTRIDER_SHUTDOWN_GRACE: `${GRACE_MS}ms` },
    });
    receiver = await startReceiver({ answer: { status: 200, delayMs: ANSWER_MS } });
    await platform.client.createSubscription({ url: receiver.url, tenantId: "app" });
  });
  afterAll(async () => {
    await platform.close();
    await receiver.close();
    await cluster.stop();
  });

  test("to one dispatcher of two, then to the last one: what is out ends, is recorded, and comes once", async () => {
    const [first, last] = platform.services.dispatchers;
    if (!first || !last) throw new Error("no dispatchers");
    // Until they have shared the partitions out: those that move have what is in flight sent again.
    const share = async (): Promise<readonly number[]> =>
      Promise.all(platform.services.dispatchers.map(async (one) => readMetric(one, "postrider_assigned_partitions")));
    await expect.poll(share, { timeout: 30_000, interval: 100 }).toEqual([3, 3]);
    const load = startSteadyLoad({
      client: platform.client,
      tenantId: "app",
      perSecond: PER_SECOND,
      idPrefix: "drain",
    });
    for (const dispatcher of [first, last]) {
      await receiver.waitFor(receiver.requests.length + OUT_BEFORE_STOP, 30_000);
      const stoppedMs = performance.now();
      expect(await dispatcher.stop("SIGTERM"), dispatcher.output()).toEqual({ code: 0, signal: null });
      const tookMs = performance.now() - stoppedMs;
      console.log(
        `a dispatcher with some ${(PER_SECOND * ANSWER_MS) / 1000} requests out ended in ${Math.round(tookMs)} ms`,
      );
      expect(tookMs).toBeLessThan(GRACE_MS);
    }
    // Nobody sends now: what came was answered, and what was answered is recorded.
    const sent = countReceipts(receiver);
    expect(await countRecordedAttempts()).toEqual(sent);
    await platform.services.startAgain(first);
    await load.stop();
    await untilReceived(receiver, load.accepted);
    expect([...countReceipts(receiver)].filter(([, count]) => count > 1)).toEqual([]);
  });

  test("to ingest: it is not ready, takes no more, and answers what it took", async () => {
    const { ingest } = platform.services;
    const pid = cluster.nodes[0]?.pid;
    if (pid === undefined) throw new Error("no node");
    const events = Array.from({ length: WAITING_CALLS }, (_, index) => ({ id: `late-${index}`, tenantId: "app" }));
    // The log holds its answers back until all of the rest has been seen.
    process.kill(pid, "SIGSTOP");
    let ended: ReturnType<ServiceProcess["stop"]>;
    const answers = events.map(async (event) => platform.client.publish(event));
    try {
      // Refused at once, behind the others on the same connection: ingest has them all.
      await expect(platform.client.publish({ id: "bad", tenantId: "not a tenant" })).rejects.toMatchObject({
        code: status.INVALID_ARGUMENT,
      });
      ended = ingest.stop("SIGTERM");
      await expect.poll(async () => findUnready(ingest), { interval: 10 }).toBe("stopping");
      await expect(publishAnew({ id: "too late", tenantId: "app" })).rejects.toMatchObject({
        code: status.UNAVAILABLE,
      });
      expect(ingest.exit()).toBeUndefined();
    } finally {
      process.kill(pid, "SIGCONT");
    }
    await Promise.all(answers);
    expect(await ended).toEqual({ code: 0, signal: null });
    await platform.services.startAgain(ingest);
    await platform.client.publish({ id: "after", tenantId: "app" });
    await untilReceived(receiver, [...events.map(({ id }) => id), "after"]);
    const counts = countReceipts(receiver);
    expect(counts.get("too late")).toBeUndefined();
    expect(events.map(({ id }) => counts.get(id))).toEqual(events.map(() => 1));
  });

  /** By event. */
  async function countRecordedAttempts(): Promise<ReadonlyMap<string, number>> {
    const counts = new Map<string, number>();
    for (const { value } of await platform.kafka.readAll(ATTEMPTS)) {
      for (const { eventId } of AttemptBatch.decode(value).attempts) {
        counts.set(eventId, (counts.get(eventId) ?? 0) + 1);
      }
    }
    return counts;
  }

  /** On a connection that is made for it. */
  async function publishAnew(event: { readonly id: string; readonly tenantId: string }): Promise<void> {
    const { ingest, subscription } = platform.services;
    const client = connectPlatform({ ingest: ingest.grpcAddress, subscription: subscription.grpcAddress });
    await client.publish(event, 2000).finally(client.close);
  }
});

/** What /readyz says is missing; empty when it is ready. */
async function findUnready({ adminAddress }: ServiceProcess): Promise<string> {
  const response = await fetch(`http://${adminAddress}/readyz`);
  return response.ok ? "" : (await response.text()).trim();
}
