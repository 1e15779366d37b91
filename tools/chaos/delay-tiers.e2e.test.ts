// Must hold: deferred deliveries arrive when they are due, also over a restart of the dispatcher. The short form through
// the whole platform; the tiers alone, with thousands, are tested in libs/kit/deferred.
import { setTimeout as sleep } from "node:timers/promises";
import { findStack, type Receiver, startReceiver } from "@postrider/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findDueTimes } from "./platform/due-times.ts";
import { openPlatform, type Platform } from "./platform/open-platform.ts";
import { eventIdOf } from "./platform/receipts.ts";

const stack = findStack();
const DELAYS_MS = [1000, 3000, 5500, 8000, 11_000, 14_000];
/** So many tenants have that delay, with so many events each: fewer than make an endpoint that refuses all one to be left alone. */
const TENANTS_EACH = 10;
const EVENTS_EACH = 5;
const TENANTS = DELAYS_MS.flatMap((delayMs) =>
  Array.from({ length: TENANTS_EACH }, (_, index) => ({ tenantId: `after-${delayMs}-${index}`, delayMs })),
);
const RESTART_AFTER_MS = 4000;
/** Half a second more than promised, for a machine that does other things too. */
const LATE_MS = 1500;

describe.skipIf(stack === undefined)("deferred deliveries", () => {
  let platform: Platform;
  let receiver: Receiver;

  beforeAll(async () => {
    if (!stack) return;
    platform = await openPlatform({ stack });
    const seen = new Set<string>();
    receiver = await startReceiver({
      answer: (request) => {
        const isRetry = seen.has(eventIdOf(request));
        seen.add(eventIdOf(request));
        return { status: isRetry ? 200 : 500 };
      },
    });
    for (const { tenantId, delayMs } of TENANTS) {
      await platform.client.createSubscription({ url: receiver.url, tenantId, retryDelaysMs: [delayMs] });
    }
  });
  afterAll(async () => {
    await platform.close();
    await receiver.close();
  });

  test("retries come when they are due, also those that fall due around a restart", async () => {
    const events = TENANTS.flatMap(({ tenantId }) =>
      Array.from({ length: EVENTS_EACH }, (_, index) => ({ id: `${tenantId}-${index}`, tenantId })),
    );
    await Promise.all(events.map(async (event) => platform.client.publish(event)));
    await receiver.waitFor(events.length);
    await sleep(RESTART_AFTER_MS);
    const [dispatcher] = platform.services.dispatchers;
    if (!dispatcher) throw new Error("no dispatcher");
    const stoppedAtMs = Date.now();
    expect(await dispatcher.stop("SIGTERM")).toEqual({ code: 0, signal: null });
    await platform.services.startAgain(dispatcher);
    const backAtMs = Date.now();
    await receiver.waitFor(2 * events.length, 40_000);

    const due = await findDueTimes(platform.kafka);
    expect(due.size).toBe(events.length);
    const lateness = findRetries().map(({ id, atMs }) => {
      const dueAtMs = due.get(id) ?? 0;
      const wasAway = dueAtMs > stoppedAtMs - LATE_MS && dueAtMs < backAtMs;
      return { id, lateMs: atMs - (wasAway ? Math.max(dueAtMs, backAtMs) : dueAtMs), wasAway, earlyMs: dueAtMs - atMs };
    });
    const sorted = lateness
      .filter(({ wasAway }) => !wasAway)
      .map(({ lateMs }) => lateMs)
      .sort((a, b) => a - b);
    const p99Ms = sorted[Math.floor(sorted.length * 0.99)] ?? Infinity;
    console.log(
      `${sorted.length} retries with a dispatcher: late p50 ${sorted[sorted.length >> 1] ?? 0} ms, p99 ${p99Ms} ms; ` +
        `${lateness.length - sorted.length} fell due while it restarted (${backAtMs - stoppedAtMs} ms)`,
    );
    expect(p99Ms).toBeLessThan(LATE_MS);
    // The restart's end is when it is ready; then its partitions come, and what waited.
    expect(lateness.filter(({ wasAway, lateMs }) => wasAway && lateMs > 5000)).toEqual([]);
    expect(lateness.filter(({ earlyMs }) => earlyMs > 5)).toEqual([]);
    expect(receiver.requests.length).toBe(2 * events.length);
  });

  function findRetries(): readonly { readonly id: string; readonly atMs: number }[] {
    const seen = new Set<string>();
    return receiver.requests.flatMap((request) => {
      const id = eventIdOf(request);
      if (seen.has(id)) return [{ id, atMs: request.arrivedAtMs }];
      seen.add(id);
      return [];
    });
  }
});
