// Must hold: without the subscription service, known tenants are served without delay, unknown ones wait and lose
// nothing; with it, a change is in force within a second.
//
// The service is away for 8 s; with POSTRIDER_TEST_AWAY_SECONDS=60 for as long as the promise says.
import { setTimeout as sleep } from "node:timers/promises";
import { findStack, type Receiver, startReceiver } from "@postrider/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ServiceProcess } from "../services/service-process.ts";
import { openPlatform, type Platform } from "./platform/open-platform.ts";
import { eventIdOf, untilReceived } from "./platform/receipts.ts";
import { type SteadyLoad, startSteadyLoad } from "./platform/steady-load.ts";

const stack = findStack();
const AWAY_MS = Number(process.env["POSTRIDER_TEST_AWAY_SECONDS"] ?? "8") * 1000;
const PER_SECOND = 50;
/** Half a second more than promised, for a machine that does other things too. */
const IN_FORCE_MS = 1500;
/** What nobody could look up for 10 s is deferred, and looked up again half a minute later: if the service takes long to come back. */
const LOOKED_UP_AGAIN_MS = 60_000;

describe.skipIf(stack === undefined)("without the subscription service", { timeout: AWAY_MS + 120_000 }, () => {
  let platform: Platform;
  let receiver: Receiver;
  let subscription: ServiceProcess;
  let known = "";

  beforeAll(async () => {
    if (!stack) return;
    platform = await openPlatform({ stack });
    receiver = await startReceiver();
    subscription = platform.services.subscription;
    known = (await platform.client.createSubscription({ url: receiver.url, tenantId: "known" })).id;
  });
  afterAll(async () => {
    await platform.close();
    await receiver.close();
  });

  function startLoad(idPrefix: string): SteadyLoad {
    return startSteadyLoad({ client: platform.client, tenantId: "known", perSecond: PER_SECOND, idPrefix });
  }

  /** From acceptance to receipt, in the middle and at the slow end. */
  function measureDelays({ acceptedAtMs }: SteadyLoad): { p50Ms: number; p95Ms: number } {
    const delays = receiver.requests
      .flatMap((request) => {
        const accepted = acceptedAtMs.get(eventIdOf(request));
        return accepted === undefined ? [] : [Math.max(0, request.arrivedAtMs - accepted)];
      })
      .sort((a, b) => a - b);
    const at = (share: number): number => delays[Math.floor(delays.length * share)] ?? Infinity;
    return { p50Ms: at(0.5), p95Ms: at(0.95) };
  }

  test("known tenants are served as before, and unknown ones when it is back", async () => {
    const unknown = await startReceiver();
    await platform.client.createSubscription({ url: unknown.url, tenantId: "unknown" });
    const before = startLoad("before");
    await sleep(3000);
    await before.stop();
    await untilReceived(receiver, before.accepted);

    await subscription.stop("SIGKILL");
    const waiting = Array.from({ length: 20 }, (_, index) => `waiting-${index}`);
    const during = startLoad("during");
    await Promise.all(waiting.map(async (id) => platform.client.publish({ id, tenantId: "unknown" })));
    await sleep(AWAY_MS);
    await during.stop();
    await untilReceived(receiver, during.accepted, 5000);
    expect(unknown.requests).toEqual([]);

    subscription = await platform.services.startAgain(subscription);
    await untilReceived(unknown, waiting, LOOKED_UP_AGAIN_MS);
    const [usual, meanwhile] = [measureDelays(before), measureDelays(during)];
    console.log(`delay before ${JSON.stringify(usual)}, while it was away ${JSON.stringify(meanwhile)}`);
    expect(meanwhile.p50Ms).toBeLessThan(Math.max(3 * usual.p50Ms, 50));
    expect(meanwhile.p95Ms).toBeLessThan(Math.max(3 * usual.p95Ms, 250));
    await unknown.close();
  });

  test("afterwards, a changed URL and a deletion are in force within a second", async () => {
    const [first, second] = [await startReceiver(), await startReceiver()];
    await platform.client.changeUrl(known, first.url);
    const load = startLoad("changing");
    await sleep(IN_FORCE_MS);
    await untilReceived(first, load.accepted.slice(-1));

    await platform.client.changeUrl(known, second.url);
    const changedAtMs = Date.now();
    await sleep(2 * IN_FORCE_MS);
    await platform.client.deleteSubscription(known);
    const deletedAtMs = Date.now();
    await sleep(2 * IN_FORCE_MS);
    await load.stop();

    const acceptedAfter = (ms: number) => (request: Receiver["requests"][number]) =>
      (load.acceptedAtMs.get(eventIdOf(request)) ?? 0) > ms;
    expect(first.requests.filter(acceptedAfter(changedAtMs + IN_FORCE_MS)).map(eventIdOf)).toEqual([]);
    expect(second.requests.filter(acceptedAfter(deletedAtMs + IN_FORCE_MS)).map(eventIdOf)).toEqual([]);
    // Between the two, everything went to one of them.
    const between = load.accepted.filter((id) => (load.acceptedAtMs.get(id) ?? 0) < deletedAtMs - 100);
    const came = new Set([...first.requests, ...second.requests, ...receiver.requests].map(eventIdOf));
    expect(between.filter((id) => !came.has(id))).toEqual([]);
    expect(second.requests.length).toBeGreaterThan(0);
    await Promise.all([first.close(), second.close()]);
  });
});
