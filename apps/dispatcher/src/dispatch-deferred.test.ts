import type { DeferredTask } from "@postrider/kit-deferred";
import type { AppendRecord } from "@postrider/kit-event-log";
import { decodeDeferredDelivery, encodeDeferredDelivery, TO_BE_LOOKED_UP, TOPICS } from "@postrider/records";
import { deferredPromise, FakeClock } from "@postrider/testing";
import { Registry } from "prom-client";
import { describe, expect, test } from "vitest";
import type { Delivery } from "./delivery.ts";
import { type Directory, LookupUnavailable } from "./directory.ts";
import { dispatchDeferred } from "./dispatch-deferred.ts";
import { dispatchEvent } from "./dispatch-event.ts";
import { createDispatcherMetrics } from "./dispatcher-metrics.ts";
import type { Endpoint } from "./endpoint.ts";
import { endpointOf, eventOf, failureOf, settle, START_MS } from "./testing/builders.ts";

function createBench(find: () => readonly Endpoint[] | Promise<readonly Endpoint[]>) {
  const asked: string[] = [];
  const delivered: Delivery[] = [];
  const registry = new Registry();
  const directory: Directory = {
    find: (tenantId, eventType) => {
      asked.push(`${tenantId}/${eventType}`);
      return find();
    },
    run: async () => undefined,
  };
  const deliver = async (delivery: Delivery): Promise<void> => void delivered.push(delivery);
  const metrics = createDispatcherMetrics({ registry, inFlight: () => 0, closed: () => 0 });
  const quarantined: AppendRecord[] = [];
  const deferred: DeferredTask[] = [];
  const recorder = {
    recordQuarantined: async (record: AppendRecord) => void quarantined.push(record),
    defer: async (task: DeferredTask) => void deferred.push(task),
  };
  const { signal } = new AbortController();
  const clock = new FakeClock(START_MS);
  return { asked, delivered, quarantined, deferred, registry, directory, deliver, metrics, recorder, clock, signal };
}

function due(heldSinceMs?: number): { key: string; value: Uint8Array; dueAtMs: number } {
  const held = heldSinceMs === undefined ? {} : { heldSinceMs };
  const value = encodeDeferredDelivery({ event: eventOf(), subscriptionId: "sub_1", nextAttempt: 3, ...held });
  return { key: "sub_1", value, dueAtMs: START_MS };
}

describe("a deferred delivery that is due", () => {
  test("goes to its subscription as it is now: a changed URL counts", async () => {
    const now = endpointOf({ url: "https://moved.example/hook" });
    const bench = createBench(async () => [endpointOf({ subscriptionId: "sub_0" }), now]);
    await dispatchDeferred(due(), bench);
    expect(bench.asked).toEqual(["app-7/order.paid"]);
    expect(bench.delivered).toStrictEqual([{ event: eventOf(), endpoint: now, attempt: 3, isOwned: true }]);
  });

  test("remembers since when it is held", async () => {
    const bench = createBench(() => [endpointOf()]);
    await dispatchDeferred(due(START_MS - 5000), bench);
    expect(bench.delivered).toMatchObject([{ attempt: 3, heldSinceMs: START_MS - 5000 }]);
  });

  test("is dropped, and counted, when its subscription is gone", async () => {
    const bench = createBench(() => [endpointOf({ subscriptionId: "sub_2" })]);
    await dispatchDeferred(due(), bench);
    expect(bench.delivered).toEqual([]);
    expect(await bench.registry.metrics()).toContain("postrider_cancelled_total 1");
  });

  test("stays due when it can't be told whether its subscription is gone", async () => {
    const ending = new Error("the process ends");
    const bench = createBench(async () => Promise.reject(ending));
    expect(await failureOf(dispatchDeferred(due(), bench))).toBe(ending);
  });
});

describe("a task that is no deferred delivery", () => {
  test.each([
    ["no event in it", new Uint8Array(), "a deferred delivery without an event"],
    ["bytes of something else", Buffer.from("no protobuf"), ""],
    ["a delivery that was cut off", due().value.subarray(0, 20), ""],
  ])("goes to quarantine whole, and is finished and counted: %s", async (_, value, words) => {
    const bench = createBench(() => [endpointOf()]);
    await dispatchDeferred({ ...due(), value }, bench);
    const reason = expect.stringMatching(new RegExp(`^no deferred delivery: ${words || ".+"}`)) as string;
    expect(bench.quarantined).toStrictEqual([
      { topic: TOPICS.quarantine, key: "sub_1", headers: { "postrider-reason": reason }, value },
    ]);
    expect([bench.asked, bench.delivered]).toEqual([[], []]);
    expect(await bench.registry.metrics()).toContain("postrider_quarantined_total 1");
  });

  test("is finished only when the quarantine is durable", async () => {
    const bench = createBench(() => []);
    const { promise, resolve } = deferredPromise();
    let isDone = false;
    const recorder = { ...bench.recorder, recordQuarantined: async () => promise };
    const done = dispatchDeferred({ ...due(), value: new Uint8Array() }, { ...bench, recorder }).then(
      () => (isDone = true),
    );
    await settle();
    expect(isDone).toBe(false);
    resolve(undefined);
    await done;
  });

  test("stays due when the process ends before it could be kept", async () => {
    const bench = createBench(() => []);
    const ending = new Error("the process ends");
    const recorder = { ...bench.recorder, recordQuarantined: async () => Promise.reject(ending) };
    expect(await failureOf(dispatchDeferred({ ...due(), value: new Uint8Array() }, { ...bench, recorder }))).toBe(
      ending,
    );
  });
});

describe("an event", () => {
  const endpoints = ["sub_1", "sub_2", "sub_3"].map((subscriptionId) => endpointOf({ subscriptionId }));

  test.each([0, 1, 3])("goes to each of the %d endpoints that want it, as its first attempt", async (count) => {
    for (const find of [() => endpoints.slice(0, count), async () => endpoints.slice(0, count)]) {
      const bench = createBench(find);
      await dispatchEvent(eventOf(), bench);
      expect(bench.delivered).toEqual(
        endpoints.slice(0, count).map((endpoint) => ({ event: eventOf(), endpoint, attempt: 1 })),
      );
    }
  });

  test("is done when all its deliveries are, and one that takes long holds up no other", async () => {
    const bench = createBench(() => endpoints);
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const started: string[] = [];
    const deliver = async ({ endpoint }: Delivery): Promise<void> => {
      started.push(endpoint.subscriptionId);
      if (endpoint.subscriptionId === "sub_1") await promise;
    };
    let isDone = false;
    const done = dispatchEvent(eventOf(), { ...bench, deliver }).then(() => (isDone = true));
    await settle();
    expect([started, isDone]).toEqual([["sub_1", "sub_2", "sub_3"], false]);
    resolve(undefined);
    await done;
  });

  test("for one endpoint is done when its delivery is, and fails as it does", async () => {
    for (const find of [() => [endpointOf()], async () => [endpointOf()]]) {
      const { promise, reject } = Promise.withResolvers<undefined>();
      let isDone = false;
      const done = dispatchEvent(eventOf(), { ...createBench(find), deliver: async () => promise });
      const failed = failureOf(done).finally(() => (isDone = true));
      await settle();
      expect(isDone).toBe(false);
      const ending = new Error("the process ends");
      reject(ending);
      expect(await failed).toBe(ending);
    }
  });

  test("whose endpoints can't be told fails as their lookup does", async () => {
    const ending = new Error("the process ends");
    const bench = createBench(async () => Promise.reject(ending));
    expect(await failureOf(dispatchEvent(eventOf(), bench))).toBe(ending);
    expect(bench.delivered).toEqual([]);
  });
});

describe("while lookups fail", () => {
  const lookupsFail = async (): Promise<never> => Promise.reject(new LookupUnavailable("the service is away"));

  test("an event waits whole, durably, and is finished where it came from", async () => {
    const bench = createBench(lookupsFail);
    await dispatchEvent(eventOf(), bench);
    expect(bench.deferred.map((task) => ({ ...task, value: decodeDeferredDelivery(task.value) }))).toEqual([
      {
        ...{ key: "app-7", dueAtMs: START_MS + 30_000 },
        value: { event: eventOf(), subscriptionId: TO_BE_LOOKED_UP, nextAttempt: 1, heldSinceMs: START_MS },
      },
    ]);
    expect(bench.delivered).toEqual([]);
    expect(await bench.registry.metrics()).toContain('postrider_deferred_total{reason="lookup"} 1');
  });

  test("it looks again after half the time that it has waited, 30 s at least and 5 minutes at most", async () => {
    const bench = createBench(lookupsFail);
    await dispatchEvent(eventOf(), bench);
    const delays: number[] = [];
    for (let round = 0; round < 12; round += 1) {
      const task = bench.deferred.at(-1);
      if (!task) throw new Error("it was not deferred");
      delays.push((task.dueAtMs - bench.clock.nowMs()) / 1000);
      bench.clock.advance(task.dueAtMs - bench.clock.nowMs());
      await dispatchDeferred(task, bench);
    }
    expect(delays.slice(0, 6)).toEqual([30, 30, 30, 45, 67.5, 101.25]);
    expect([delays.at(-1), bench.deferred.length, bench.delivered]).toEqual([300, 13, []]);
  });

  test.each([0, 1, 3])("and work again, the event goes to all %d that want it, as a new one", async (count) => {
    const bench = createBench(lookupsFail);
    await dispatchEvent(eventOf(), bench);
    const endpoints = ["sub_1", "sub_2", "sub_3"].slice(0, count).map((id) => endpointOf({ subscriptionId: id }));
    const [task] = bench.deferred;
    if (!task) throw new Error("it was not deferred");
    await dispatchDeferred(task, { ...bench, directory: { ...bench.directory, find: () => endpoints } });
    expect(bench.delivered).toEqual(endpoints.map((endpoint) => ({ event: eventOf(), endpoint, attempt: 1 })));
    expect([bench.deferred.length, await bench.registry.metrics()]).toEqual([
      1,
      expect.not.stringContaining("postrider_cancelled_total 1"),
    ]);
  });

  test("a delivery that is due waits on, with its number and its subscription, and is not dropped", async () => {
    const bench = createBench(lookupsFail);
    await dispatchDeferred(due(START_MS - 200_000), bench);
    expect(bench.deferred.map((task) => ({ ...task, value: decodeDeferredDelivery(task.value) }))).toEqual([
      {
        ...{ key: "sub_1", dueAtMs: START_MS + 100_000 },
        value: { event: eventOf(), subscriptionId: "sub_1", nextAttempt: 3, heldSinceMs: START_MS - 200_000 },
      },
    ]);
    expect(await bench.registry.metrics()).not.toContain("postrider_cancelled_total 1");
  });
});
