// Must hold: dispatchers come and go under load. Nothing is lost, no partition is left alone, what is delivered twice
// was in flight in a partition that moved; partitions that stay go on as if nothing had happened.
import { setTimeout as sleep } from "node:timers/promises";
import { deferredPromise, findStack, type Receiver, startReceiver } from "@postrider/testing";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { ServiceProcess } from "../services/service-process.ts";
import { untilCaughtUp } from "./kills/until-recovered.ts";
import { EVENTS } from "./platform/kafka-view.ts";
import { readMetric } from "./platform/metrics.ts";
import { openPlatform, type Platform } from "./platform/open-platform.ts";
import { countReceipts, eventIdOf, untilReceived } from "./platform/receipts.ts";
import { startSteadyLoad } from "./platform/steady-load.ts";

const stack = findStack();
const PARTITIONS = 6;
const PER_SECOND = 100;
/** Between the receiver's answer and the commit that no longer forgets it: recording, and the commit's interval and way. */
const UNCOMMITTED_MS = 1000;
const CAUGHT_UP_MS = 20_000;

describe.skipIf(stack === undefined)("dispatchers", () => {
  let platform: Platform;
  let receiver: Receiver;
  let running: ServiceProcess[];

  beforeAll(async () => {
    if (!stack) return;
    platform = await openPlatform({ stack, partitions: PARTITIONS });
    receiver = await startReceiver();
    running = [...platform.services.dispatchers];
    await platform.client.createSubscription({ url: receiver.url, tenantId: "acme", timeoutMs: 60_000 });
  });
  afterAll(async () => {
    await platform.close();
    await receiver.close();
  });
  beforeEach(() => {
    receiver.answer({ status: 200 });
  });

  async function startDispatcher(): Promise<void> {
    running.push(await platform.services.startDispatcher());
  }

  async function end(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    const last = running.pop();
    if (!last) throw new Error("no dispatcher is left");
    const exit = await last.stop(signal);
    if (signal === "SIGTERM") expect(exit).toEqual({ code: 0, signal: null });
  }

  async function untilShared(count: number): Promise<readonly number[]> {
    const shares = async (): Promise<readonly number[]> =>
      Promise.all(running.map(async (process) => readMetric(process, "postrider_assigned_partitions")));
    const isShared = (found: readonly number[]): boolean =>
      found.length === count &&
      found.reduce((sum, share) => sum + share, 0) === PARTITIONS &&
      found.every((share) => share >= Math.floor(PARTITIONS / count));
    await expect.poll(shares, { timeout: CAUGHT_UP_MS, interval: 100 }).toSatisfy(isShared);
    return shares();
  }

  async function untilAttended(): Promise<void> {
    const { topicPrefix } = platform;
    await untilCaughtUp({ brokers: stack?.kafkaBrokers ?? "", topicPrefix, deadlineMs: CAUGHT_UP_MS });
  }

  /** Repeated deliveries whose first one had been answered so long before that a commit must have known of it. */
  function findForgotten(changes: readonly number[]): readonly string[] {
    const first = new Map<string, number>();
    return receiver.requests.flatMap((request) => {
      const id = eventIdOf(request);
      const firstAtMs = first.get(id);
      if (firstAtMs === undefined) first.set(id, request.arrivedAtMs);
      if (firstAtMs === undefined) return [];
      // The change that made it come again is the last one before it came again.
      const change = changes.findLast((atMs) => atMs <= request.arrivedAtMs);
      return change !== undefined && firstAtMs > change - UNCOMMITTED_MS ? [] : [id];
    });
  }

  test("1, then 3, then 2, then one killed, under load: nothing is lost, no partition left alone", async () => {
    const load = startSteadyLoad({
      ...{ client: platform.client, tenantId: "acme", perSecond: PER_SECOND, idPrefix: "scaling" },
    });
    const changes: number[] = [];
    async function change(count: number, action: () => Promise<unknown>): Promise<void> {
      await sleep(1500);
      const repeatedBefore = countRepeated(receiver);
      changes.push(Date.now());
      await action();
      const shares = await untilShared(count);
      await untilAttended();
      const tookMs = Date.now() - (changes.at(-1) ?? 0);
      const repeated = countRepeated(receiver) - repeatedBefore;
      console.log(`partitions ${shares.join(" + ")} after ${tookMs} ms, ${repeated} repeated`);
      // In flight is what a tenth of a second brings, and every partition moves at most once for each dispatcher.
      expect(repeated).toBeLessThanOrEqual(2 * PER_SECOND);
    }
    await change(1, async () => undefined);
    await change(3, async () => Promise.all([startDispatcher(), startDispatcher()]));
    await change(2, async () => end("SIGTERM"));
    await change(1, async () => end("SIGKILL"));
    await change(2, startDispatcher);
    await load.stop();
    await untilReceived(receiver, load.accepted);
    expect(findForgotten(changes)).toEqual([]);
  });

  test("partitions that stay keep their windows: only what is in flight in those that move comes again", async () => {
    const gate = deferredPromise();
    receiver.answer(async () => gate.promise.then(() => ({ status: 200 })));
    // Of several endpoints, since one that has not answered yet is given few at a time.
    const tenants = Array.from({ length: 12 }, (_, index) => `holding-${index}`);
    for (const tenantId of tenants) {
      await platform.client.createSubscription({ url: receiver.url, tenantId, timeoutMs: 60_000 });
    }
    const ids = Array.from({ length: 48 }, (_, index) => `held-${index}`);
    const tenantOf = (index: number): string => tenants[index % tenants.length] ?? "";
    await Promise.all(ids.map(async (id, index) => platform.client.publish({ id, tenantId: tenantOf(index) })));
    await untilReceived(receiver, ids);
    const before = await ownersOfPartitions();
    await startDispatcher();
    await untilShared(3);
    const after = await ownersOfPartitions();
    const moved = new Set(
      [...before].flatMap(([partition, owner]) => (after.get(partition) === owner ? [] : [partition])),
    );
    expect(moved.size).toBeGreaterThan(0);
    expect(moved.size).toBeLessThan(PARTITIONS);
    const partitions = await partitionsOfEvents();
    const inMoved = ids.filter((id) => moved.has(partitions.get(id) ?? -1));
    // They come again while the first ones are still out; then all are answered.
    await receiver.waitFor((requests) =>
      inMoved.every((id) => requests.filter((r) => eventIdOf(r) === id).length === 2),
    );
    gate.resolve(undefined);
    await untilAttended();
    const counts = countReceipts(receiver);
    expect(ids.filter((id) => (counts.get(id) ?? 0) !== (inMoved.includes(id) ? 2 : 1))).toEqual([]);
    await end("SIGTERM");
    await untilShared(2);
  });

  async function ownersOfPartitions(): Promise<ReadonlyMap<number, string>> {
    const assignment = await platform.kafka.findAssignment();
    return new Map(
      [...assignment].flatMap(([member, partitions]) => partitions.map((partition) => [partition, member])),
    );
  }

  async function partitionsOfEvents(): Promise<ReadonlyMap<string, number>> {
    const records = await platform.kafka.readAll(EVENTS);
    return new Map(records.map(({ headers, partition }) => [headers["ce_id"] ?? "", partition]));
  }
});

function countRepeated(receiver: Receiver): number {
  return receiver.requests.length - countReceipts(receiver).size;
}
