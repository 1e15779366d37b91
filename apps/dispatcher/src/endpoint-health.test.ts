import type {
  ReportEndpointHealthRequest,
  ReportEndpointHealthResponse,
} from "@postrider/contracts/postrider/v1/subscription";
import { FakeClock } from "@postrider/testing";
import { describe, expect, onTestFinished, test } from "vitest";
import { createEndpointHealth, type EndpointHealth } from "./endpoint-health.ts";
import { endpointOf, settle, silentLogger } from "./testing/builders.ts";

const START_MS = 1_700_000_000_000;
const HOUR_MS = 3_600_000;

interface Bench {
  readonly health: EndpointHealth;
  readonly clock: FakeClock;
  /** What was told: the kind, the hour that it is of, and how many failures. */
  readonly told: unknown[];
  readonly reports: ReportEndpointHealthRequest[];
  readonly stop: AbortController;
  answer: () => Promise<ReportEndpointHealthResponse>;
}

function createBench(): Bench {
  const clock = new FakeClock(START_MS);
  const stop = new AbortController();
  const told: unknown[] = [];
  const reports: ReportEndpointHealthRequest[] = [];
  const reportHealth = async (request: ReportEndpointHealthRequest): Promise<ReportEndpointHealthResponse> => {
    reports.push(request);
    told.push(describeReport(request));
    return bench.answer();
  };
  const health = createEndpointHealth({
    ...{ subscriptions: { reportHealth }, clock, logger: silentLogger, signal: stop.signal, reportEveryMs: HOUR_MS },
  });
  const answer: Bench["answer"] = async () => ({ countFrom: undefined });
  const bench: Bench = { health, clock, told, reports, stop, answer };
  onTestFinished(() => {
    stop.abort();
  });
  return bench;
}

const hourOf = (time: Date | undefined): number => ((time?.getTime() ?? NaN) - START_MS) / HOUR_MS;

function describeReport({ health }: ReportEndpointHealthRequest): unknown {
  if (health?.$case === "succeeded") return ["succeeded", hourOf(health.value.time)];
  return ["failing", hourOf(health?.value.since), hourOf(health?.value.lastFailure), Number(health?.value.failures)];
}

/** Fails now and at the end of each half hour. */
async function failFor(bench: Bench, hours: number, endpoint = endpointOf()): Promise<void> {
  bench.health.failed(endpoint, true);
  for (let half = 0; half < hours * 2; half++) {
    await bench.clock.advanceAsync(HOUR_MS / 2);
    bench.health.failed(endpoint, true);
    await settle();
  }
}

const away = async (): Promise<never> => Promise.reject(new Error("away"));

describe("an endpoint that only fails", () => {
  test("is reported after an interval, and again each interval while it goes on, with its URL", async () => {
    const bench = createBench();
    await failFor(bench, 2.5, endpointOf({ subscriptionId: "sub_7", url: "https://shop.example/hook" }));
    expect(bench.told).toEqual([
      ["failing", 0, 1, 3],
      ["failing", 0, 2, 5],
    ]);
    expect(bench.reports[0]).toMatchObject({ subscriptionId: "sub_7", callbackUrl: "https://shop.example/hook" });
  });

  test("is not reported when a success was between", async () => {
    const bench = createBench();
    await failFor(bench, 0.5);
    bench.health.succeeded(endpointOf());
    await failFor(bench, 0.5);
    expect(bench.told).toEqual([]);
  });

  test("counts anew where its subscription has another URL", async () => {
    const bench = createBench();
    await failFor(bench, 0.5);
    await failFor(bench, 1, endpointOf({ url: "https://example.com/new" }));
    expect(bench.told).toEqual([["failing", 0.5, 1.5, 3]]);
  });

  test("counts anew when the answer says that somebody succeeded meanwhile", async () => {
    const bench = createBench();
    bench.answer = async () => ({ countFrom: new Date(START_MS + HOUR_MS / 4) });
    await failFor(bench, 3);
    expect(bench.told).toEqual([
      ["failing", 0, 1, 3],
      ["failing", 1.5, 2.5, 3],
    ]);
  });
});

describe("a success", () => {
  test("is told once after a report, and then no more", async () => {
    const bench = createBench();
    await failFor(bench, 1);
    for (let count = 0; count < 3; count++) {
      bench.health.succeeded(endpointOf());
      await settle();
    }
    expect(bench.told.slice(1)).toEqual([["succeeded", 1]]);
  });

  test("is told once of an endpoint that others reported, until its lookup is another", async () => {
    const bench = createBench();
    const suspected = endpointOf({ isSuspected: true });
    for (let count = 0; count < 3; count++) {
      bench.health.succeeded(suspected);
      await settle();
    }
    expect(bench.told).toEqual([["succeeded", 0]]);
    bench.health.succeeded(endpointOf({ isSuspected: true }));
    expect(bench.told).toHaveLength(2);
  });

  test("that could not be told is told before the next failures", async () => {
    const bench = createBench();
    await failFor(bench, 1);
    bench.answer = away;
    bench.health.succeeded(endpointOf());
    await bench.clock.advanceAsync(HOUR_MS / 2);
    bench.answer = async () => ({ countFrom: undefined });
    await failFor(bench, 2);
    expect(bench.told.slice(1)).toEqual([
      ["succeeded", 1],
      ["succeeded", 1],
      ["failing", 1.5, 3.5, 5],
    ]);
  });
});

describe("while the service is away", () => {
  test("one report is out at a time for a subscription, and none follows at once", async () => {
    const bench = createBench();
    const pending = Promise.withResolvers<never>();
    bench.answer = async () => pending.promise;
    await failFor(bench, 4);
    await failFor(bench, 1, endpointOf({ subscriptionId: "sub_2" }));
    expect(bench.told).toHaveLength(2);
    pending.reject(new Error("late"));
    await settle();
    bench.health.succeeded(endpointOf());
    expect(bench.told).toHaveLength(2);
  });

  test("nothing is told after the end", async () => {
    const bench = createBench();
    bench.answer = away;
    await failFor(bench, 1);
    bench.stop.abort();
    await settle();
    bench.health.succeeded(endpointOf());
    await settle();
    expect([bench.told.length, bench.clock.pendingCount]).toEqual([1, 0]);
  });
});

describe("while nearly nothing can be reached", () => {
  const endpoints = Array.from({ length: 6 }, (_, index) =>
    endpointOf({
      subscriptionId: `sub_${index}`,
      url: `https://shop-${index}.example/hook`,
      host: `shop-${index}.example`,
    }),
  );

  async function failAllFor(bench: Bench, hours: number, failing = endpoints): Promise<void> {
    for (let half = 0; half < hours * 2; half++) {
      await bench.clock.advanceAsync(HOUR_MS / 2);
      for (const endpoint of failing) bench.health.failed(endpoint, false);
      await settle();
    }
  }

  test("nothing is held against any endpoint, and it is said", async () => {
    const bench = createBench();
    for (const endpoint of endpoints) bench.health.succeeded(endpoint);
    await failAllFor(bench, 240);
    expect(bench.told).toEqual([]);
    expect(bench.health.count()).toMatchObject({ reported: 0, isWayOutInDoubt: true });
  });

  test("one endpoint after it counts what failed outside of it, and is reported an interval later", async () => {
    const bench = createBench();
    for (const endpoint of endpoints) bench.health.succeeded(endpoint);
    await failAllFor(bench, 48);
    for (const endpoint of endpoints.slice(1)) bench.health.succeeded(endpoint);
    await failAllFor(bench, 0.5, endpoints.slice(0, 1));
    expect(bench.told).toEqual([]);
    await failAllFor(bench, 1, endpoints.slice(0, 1));
    // One failure came before the doubt, while the others' successes still stood against it, and two after.
    expect(bench.told).toEqual([["failing", 0.5, 49, 3]]);
    expect(bench.health.count()).toEqual({ failing: 1, reported: 1, isWayOutInDoubt: false });
  });

  test("those that answer, though with errors, count as ever", async () => {
    const bench = createBench();
    for (let half = 0; half < 4; half++) {
      for (const endpoint of endpoints.slice(1)) bench.health.failed(endpoint, false);
      bench.health.failed(endpoints[0] ?? endpointOf(), true);
      await bench.clock.advanceAsync(HOUR_MS / 2);
      await settle();
    }
    expect(new Set(bench.reports.map(({ subscriptionId }) => subscriptionId))).toContain("sub_0");
  });

  test("fewer than five endpoints are reported: they may be all that there are", async () => {
    const bench = createBench();
    await failAllFor(bench, 3, endpoints.slice(0, 1));
    expect(bench.told).toHaveLength(2);
    await failAllFor(bench, 3, endpoints.slice(0, 4));
    expect(new Set(bench.reports.map(({ subscriptionId }) => subscriptionId)).size).toBe(4);
  });
});
