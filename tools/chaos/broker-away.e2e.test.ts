// Must hold: without Kafka, Publish answers UNAVAILABLE before the caller's deadline and never OK; with Kafka again,
// everything works on in the same processes, and nothing that was accepted is lost.
import { setTimeout as sleep } from "node:timers/promises";
import { status } from "@grpc/grpc-js";
import { deferredPromise, findStack, type Receiver, startReceiver } from "@postrider/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type KafkaCluster, startKafka } from "../stack/start-kafka.ts";
import { untilCaughtUp } from "./kills/until-recovered.ts";
import { connectPlatform, type PlatformClient } from "./platform/client.ts";
import { openPlatform, type Platform } from "./platform/open-platform.ts";
import { countReceipts, eventIdOf, untilReceived } from "./platform/receipts.ts";

const stack = findStack();
const CALLERS = 4;
/** All of them wait at the same time: they are made within less than their deadline. */
const WAITING_CALLS = 2000;
const CALLS_PER_TICK = 10;
const TICK_MS = 10;
const DEADLINE_MS = 8000;
/** Of the callers, who read their own clock's end instead of the answer: this process has no time for it when others take it. */
const MISSED_SHARE = 0.05;
/** As many as an endpoint that has not answered yet is given at a time. */
const HELD = 8;
const BACK_MS = 30_000;

describe.skipIf(stack === undefined)("without Kafka", () => {
  let cluster: KafkaCluster;
  let platform: Platform;
  let receiver: Receiver;
  let callers: readonly PlatformClient[];

  beforeAll(async () => {
    if (!stack) return;
    // One of its own: the others' tests need theirs.
    cluster = await startKafka({ nodes: 1 });
    platform = await openPlatform({ stack: { ...stack, kafkaBrokers: cluster.brokers } });
    const { ingest, subscription } = platform.services;
    const addresses = { ingest: ingest.grpcAddress, subscription: subscription.grpcAddress };
    callers = Array.from({ length: CALLERS }, () => connectPlatform(addresses));
    receiver = await startReceiver();
    await platform.client.createSubscription({ url: receiver.url, tenantId: "acme" });
  });
  afterAll(async () => {
    for (const caller of callers) caller.close();
    // The platform takes its topics away with it, if there is a Kafka to take them from.
    if (cluster.nodes.every(({ pid }) => pid !== undefined)) await platform.close();
    else await platform.services.stop();
    await receiver.close();
    await cluster.stop();
  });

  function name(prefix: string, count: number): readonly string[] {
    return Array.from({ length: count }, (_, index) => `${prefix}-${index}`);
  }

  async function publishOnce(id: string, { tenantId, caller }: { tenantId: string; caller: number }): Promise<Answer> {
    const startedMs = performance.now();
    const outcome = callers[caller]?.publish({ id, tenantId }, DEADLINE_MS);
    const code = await (outcome ?? Promise.reject(new Error("no caller"))).then(
      () => status.OK,
      (error: unknown) => (error as { code?: status }).code ?? status.UNKNOWN,
    );
    return { code: status[code], tookMs: performance.now() - startedMs };
  }

  /** How often there was each answer, OK included; ten calls each ten milliseconds, as busy producers make them. */
  async function publishAll(ids: readonly string[], tenantId = "acme"): Promise<Counts> {
    const answers: Promise<Answer>[] = [];
    for (const [index, id] of ids.entries()) {
      answers.push(publishOnce(id, { tenantId, caller: index % CALLERS }));
      if (index % CALLS_PER_TICK === CALLS_PER_TICK - 1) await sleep(TICK_MS);
    }
    const counts: Record<string, number> = {};
    let slowestMs = 0;
    for (const { code, tookMs } of await Promise.all(answers)) {
      counts[code] = (counts[code] ?? 0) + 1;
      slowestMs = Math.max(slowestMs, tookMs);
    }
    console.log(`${ids.length} calls: ${JSON.stringify(counts)}, the slowest after ${Math.round(slowestMs)} ms`);
    return counts;
  }

  /** Producers publish again, under the same ids, what was refused. */
  async function publishUntilAccepted(ids: readonly string[], tenantId = "acme"): Promise<number> {
    const startedMs = performance.now();
    const accepted = async (): Promise<number> => (await publishAll(ids, tenantId))["OK"] ?? 0;
    await expect.poll(accepted, { timeout: BACK_MS, interval: 100 }).toBe(ids.length);
    return performance.now() - startedMs;
  }

  async function expectWorkingAgain(ids: readonly string[]): Promise<void> {
    const acceptedMs = await publishUntilAccepted(ids.slice(0, 1));
    await publishUntilAccepted(ids);
    await untilReceived(receiver, ids);
    const view = { brokers: cluster.brokers, topicPrefix: platform.topicPrefix };
    await untilCaughtUp({ ...view, deadlineMs: BACK_MS });
    console.log(`accepted again ${Math.round(acceptedMs)} ms after Kafka's return`);
    const { ingest, subscription, dispatchers } = platform.services;
    expect([ingest, subscription, ...dispatchers].map((each) => each.exit())).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  }

  test("Publish is UNAVAILABLE in time for each of thousands; it works on after Kafka's return, and nothing is lost", async () => {
    const [node] = cluster.nodes;
    if (!node) throw new Error("no node");
    const held = deferredPromise();
    const slow = await startReceiver({ answer: async () => held.promise.then(() => ({ status: 200 })) });
    const seen = new Set<string>();
    const failing = await startReceiver({
      answer: async (request) => {
        await held.promise;
        const isRetry = seen.has(eventIdOf(request));
        seen.add(eventIdOf(request));
        return { status: isRetry ? 200 : 503 };
      },
    });
    await platform.client.createSubscription({ url: slow.url, tenantId: "slow" });
    await platform.client.createSubscription({ url: failing.url, tenantId: "failing", retryDelaysMs: [500] });
    const accepted = { acme: name("before", 200), slow: name("held", HELD), failing: name("failed", HELD) };
    for (const [tenantId, ids] of Object.entries(accepted)) await publishUntilAccepted(ids, tenantId);
    await untilReceived(slow, accepted.slow);
    await untilReceived(failing, accepted.failing);

    await node.kill();
    // Attempts end now, and can't be recorded.
    held.resolve(undefined);
    const refused = name("refused", WAITING_CALLS);
    expectRefusals(await publishAll(refused), WAITING_CALLS);

    await node.start();
    await expectWorkingAgain(refused);
    await untilReceived(receiver, accepted.acme);
    const retried = (): boolean => [...countReceipts(failing).values()].every((count) => count >= 2);
    await failing.waitFor(retried, BACK_MS);
    // Once more for what was out and could not be recorded, since the dispatcher has to join its group anew; no more.
    const repeated = [
      ...countReceipts(slow).values(),
      ...[...countReceipts(failing).values()].map((count) => count - 1),
    ];
    console.log(`${repeated.filter((count) => count > 1).length} of ${repeated.length} held deliveries were repeated`);
    expect(Math.max(...repeated)).toBeLessThanOrEqual(2);
    expect(Math.max(...countReceipts(receiver).values())).toBeLessThanOrEqual(2);
    await Promise.all([slow.close(), failing.close()]);
  });

  test("a Kafka that hangs is no different: UNAVAILABLE in time, and all goes on when it answers again", async () => {
    const pid = cluster.nodes[0]?.pid;
    if (pid === undefined) throw new Error("no node");
    const before = name("before-hang", 50);
    await publishUntilAccepted(before);
    process.kill(pid, "SIGSTOP");
    const refused = name("hung", 500);
    try {
      expectRefusals(await publishAll(refused), refused.length);
    } finally {
      process.kill(pid, "SIGCONT");
    }
    await expectWorkingAgain(refused);
    await untilReceived(receiver, before);
  });
});

function expectRefusals({ UNAVAILABLE = 0, DEADLINE_EXCEEDED = 0, ...others }: Counts, total: number): void {
  expect(others).toEqual({});
  expect(UNAVAILABLE + DEADLINE_EXCEEDED).toBe(total);
  expect(DEADLINE_EXCEEDED).toBeLessThanOrEqual(total * MISSED_SHARE);
}

type Counts = Readonly<Record<string, number>>;

interface Answer {
  /** gRPC's name of it. */
  readonly code: string;
  readonly tookMs: number;
}
