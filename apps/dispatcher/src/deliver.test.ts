import type { DeferredTask } from "@postrider/kit-deferred";
import type { Logger } from "@postrider/kit-telemetry";
import {
  type DeadLetter,
  decodeDeferredDelivery,
  type DeferredDelivery,
  deliveryIdOf,
  type RecordedAttempt,
} from "@postrider/records";
import { deferredPromise, FakeClock } from "@postrider/testing";
import { Registry } from "prom-client";
import { describe, expect, test } from "vitest";
import { deliver, type DeliverDeps } from "./deliver.ts";
import type { Delivery } from "./delivery.ts";
import { createDispatcherMetrics } from "./dispatcher-metrics.ts";
import { createGates } from "./gates.ts";
import type { Recorder } from "./recorder.ts";
import { attemptOf, deliveryOf, endpointOf, eventOf, failureOf, settle, START_MS } from "./testing/builders.ts";

interface Bench extends DeliverDeps {
  readonly clock: FakeClock;
  readonly registry: Registry;
  readonly attempted: Delivery[];
  readonly attempts: RecordedAttempt[];
  readonly letters: DeadLetter[];
  readonly deferred: (DeferredDelivery & { key: string; dueAtMs: number })[];
  readonly logged: unknown[];
  /** What was said of the endpoints' health. */
  readonly said: ("failed" | "succeeded" | "unreachable")[];
  /** The subscriptions whose endpoint is gone. */
  readonly gone: string[];
  /** Decides what an attempt brings. */
  attempt: (delivery: Delivery) => Promise<RecordedAttempt>;
}

function createBench(): Bench {
  const clock = new FakeClock(START_MS);
  const registry = new Registry();
  const gates = createGates({ clock, random: () => 0.5 });
  const [attempted, attempts, letters]: [Delivery[], RecordedAttempt[], DeadLetter[]] = [[], [], []];
  const deferred: Bench["deferred"] = [];
  const gone: string[] = [];
  const said: Bench["said"] = [];
  const logged: unknown[] = [];
  const recorder: Recorder = {
    recordAttempt: async (attempt) => void attempts.push(attempt),
    recordDeadLetter: async (letter) => void letters.push(letter),
    recordQuarantined: async () => undefined,
    defer: async ({ key, value, dueAtMs }: DeferredTask) =>
      void deferred.push({ key, dueAtMs, ...decodeDeferredDelivery(value) }),
  };
  const bench: Bench = {
    isShared: true,
    ...{ clock, registry, gates, recorder, attempted, attempts, letters, deferred, logged, gone, said },
    health: {
      failed: (_, isReached) => void said.push(isReached ? "failed" : "unreachable"),
      succeeded: () => void said.push("succeeded"),
    },
    disableGone: ({ subscriptionId }) => void gone.push(subscriptionId),
    metrics: createDispatcherMetrics({ registry, ...gates }),
    logger: { info: (...line: unknown[]) => logged.push(line) } as unknown as Logger,
    attempt: async () => attemptOf(),
    makeAttempt: async (delivery) => {
      attempted.push(delivery);
      return bench.attempt(delivery);
    },
  };
  return bench;
}

const failed = attemptOf({
  number: 2,
  result: { kind: "responded", status: 500, isAcknowledged: false },
  bodyStart: Buffer.from("a tenant's words"),
  verdict: { kind: "retry", atMs: START_MS + 31_000 },
});

describe("a delivery", () => {
  test("that is acknowledged is recorded, and nothing else follows", async () => {
    const bench = createBench();
    await deliver(deliveryOf(), bench);
    expect(bench.attempts).toEqual([attemptOf()]);
    expect([bench.deferred, bench.letters, bench.logged]).toEqual([[], [], []]);
    expect(bench.gates.inFlight()).toBe(0);
  });

  test("that failed is recorded, and deferred to the verdict's time with the next number", async () => {
    const bench = createBench();
    bench.attempt = async () => failed;
    await deliver(deliveryOf({ attempt: 2 }), bench);
    expect(bench.attempts).toEqual([failed]);
    expect(bench.deferred).toEqual([
      { key: "sub_1", dueAtMs: START_MS + 31_000, event: eventOf(), subscriptionId: "sub_1", nextAttempt: 3 },
    ]);
  });

  test("that failed is logged once, with the facts and without what the receiver said", async () => {
    const bench = createBench();
    bench.attempt = async () => ({ ...failed, remark: "connect ECONNREFUSED 8.8.8.8:443" });
    await deliver(deliveryOf(), bench);
    expect(bench.logged).toHaveLength(1);
    expect(bench.logged[0]).toMatchObject([
      {
        remark: "connect ECONNREFUSED 8.8.8.8:443",
        deliveryId: deliveryIdOf("evt_1", "sub_1"),
        subscriptionId: "sub_1",
        number: 2,
        result: { status: 500 },
      },
      "attempt failed",
    ]);
    expect(JSON.stringify(bench.logged)).not.toContain("bodyStart");
  });

  test("that is dead is recorded, and kept whole as a dead letter", async () => {
    const bench = createBench();
    bench.attempt = async () => ({ ...failed, number: 13, verdict: { kind: "dead", reason: "exhausted" } });
    await deliver(deliveryOf({ attempt: 13 }), bench);
    expect(bench.letters).toEqual([
      {
        event: eventOf(),
        subscriptionId: "sub_1",
        deliveryId: deliveryIdOf("evt_1", "sub_1"),
        attempts: 13,
        reason: "exhausted",
        diedAtMs: START_MS,
      },
    ]);
    expect([bench.attempts.length, bench.deferred]).toEqual([1, []]);
  });

  test("says how its endpoint did, unless nothing was sent", async () => {
    const bench = createBench();
    const refused = attemptOf({ result: { kind: "refused", reason: "private_address" }, verdict: failed.verdict });
    const lost = attemptOf({ result: { kind: "unreachable", reason: "dns" }, verdict: failed.verdict });
    for (const attempt of [attemptOf(), failed, lost, refused]) {
      bench.attempt = async () => attempt;
      await deliver(deliveryOf(), bench);
    }
    expect(bench.said).toEqual(["succeeded", "failed", "unreachable"]);
  });

  test("whose endpoint is gone asks for its subscription's end, and no other dead one does", async () => {
    const bench = createBench();
    for (const [status, reason] of [
      [500, "exhausted"],
      [410, "gone"],
    ] as const) {
      const result = { kind: "responded", status, isAcknowledged: false } as const;
      bench.attempt = async () => ({ ...failed, result, verdict: { kind: "dead", reason } });
      await deliver(deliveryOf({ endpoint: endpointOf({ subscriptionId: `sub_${reason}` }) }), bench);
    }
    expect(bench.gone).toEqual(["sub_gone"]);
  });

  test.each([
    [429, 7000, "deferred"],
    [503, 7000, "deferred"],
    [429, undefined, "sent"],
    [500, 7000, "sent"],
  ] as const)("answered with %i and a Retry-After of %s ms: the next for that endpoint is %s", async (...row) => {
    const [status, retryAfterMs, fate] = row;
    const bench = createBench();
    const asked = retryAfterMs === undefined ? {} : { retryAfterMs };
    const result = { kind: "responded", status, isAcknowledged: false, ...asked } as const;
    bench.attempt = async () => ({ ...failed, result });
    await deliver(deliveryOf(), bench);
    const retries = bench.deferred.length;
    await deliver(deliveryOf(), bench);
    const [next] = bench.deferred.slice(retries);
    expect(bench.attempted.length === 2 ? "sent" : "deferred").toBe(fate);
    if (fate === "deferred") expect(next?.dueAtMs).toBeGreaterThanOrEqual(bench.clock.nowMs() + 7000);
    await deliver(deliveryOf({ endpoint: endpointOf({ subscriptionId: "sub_2" }) }), bench);
    expect(bench.attempted.at(-1)?.endpoint.subscriptionId).toBe("sub_2");
  });

  test("is done only when both the attempt and what follows are durable", async () => {
    const bench = createBench();
    bench.attempt = async () => failed;
    let isDone = false;
    const recordAttempt = async (): Promise<void> => new Promise(() => undefined);
    void deliver(deliveryOf(), { ...bench, recorder: { ...bench.recorder, recordAttempt } }).then(
      () => (isDone = true),
    );
    const defer = recordAttempt;
    void deliver(deliveryOf(), { ...bench, recorder: { ...bench.recorder, defer } }).then(() => (isDone = true));
    await settle();
    expect([isDone, bench.attempts.length, bench.deferred.length]).toEqual([false, 1, 1]);
  });

  test("that is acknowledged is done only when its attempt is durable", async () => {
    const bench = createBench();
    const { promise, resolve } = deferredPromise();
    let isDone = false;
    const recorder = { ...bench.recorder, recordAttempt: async () => promise };
    const done = deliver(deliveryOf(), { ...bench, recorder }).then(() => (isDone = true));
    await settle();
    expect([bench.attempted.length, isDone]).toEqual([1, false]);
    resolve(undefined);
    await done;
  });

  test("leaves its endpoint's gate also when its attempt breaks", async () => {
    const bench = createBench();
    const defect = new Error("a defect");
    bench.attempt = async () => Promise.reject(defect);
    expect(await failureOf(deliver(deliveryOf(), bench))).toBe(defect);
    expect(bench.gates.inFlight()).toBe(0);
  });
});

describe("a delivery to a paused subscription", () => {
  const endpoint = endpointOf({ isPaused: true });

  test("is held without an attempt, with the same number", async () => {
    const bench = createBench();
    await deliver(deliveryOf({ endpoint, attempt: 4 }), bench);
    expect(bench.attempted).toEqual([]);
    expect(bench.deferred).toEqual([
      {
        ...{ key: "sub_1", event: eventOf(), subscriptionId: "sub_1" },
        ...{ nextAttempt: 4, heldSinceMs: START_MS, dueAtMs: START_MS + 2000 },
      },
    ]);
    expect(await bench.registry.metrics()).toContain('postrider_deferred_total{reason="paused"} 1');
  });

  test("looks again after half the time that it has waited, 2 s at least and a minute at most", async () => {
    const bench = createBench();
    const delays: number[] = [];
    let delivery = deliveryOf({ endpoint });
    for (let round = 0; round < 14; round += 1) {
      await deliver(delivery, bench);
      const held = bench.deferred.at(-1);
      if (held?.heldSinceMs === undefined) throw new Error("it was not held");
      delays.push(held.dueAtMs - bench.clock.nowMs());
      bench.clock.advance(held.dueAtMs - bench.clock.nowMs());
      delivery = { ...delivery, attempt: held.nextAttempt, heldSinceMs: held.heldSinceMs };
    }
    expect(delays).toEqual([
      2000, 2000, 2000, 3000, 4500, 6750, 10_125, 15_188, 22_782, 34_173, 51_259, 60_000, 60_000, 60_000,
    ]);
    expect(new Set(bench.deferred.map(({ heldSinceMs }) => heldSinceMs))).toEqual(new Set([START_MS]));
  });
});

describe("a delivery to an endpoint with a rate", () => {
  const endpoint = endpointOf({ limits: { maxInFlight: 64, ratePerSecond: 50 } });

  test("goes to the process that keeps the rate, at once and as it is", async () => {
    const bench = createBench();
    await deliver(deliveryOf({ endpoint, attempt: 2 }), bench);
    expect(bench.attempted).toEqual([]);
    expect(bench.deferred).toMatchObject([{ key: "sub_1", dueAtMs: bench.clock.nowMs(), nextAttempt: 2 }]);
    expect(bench.deferred[0]).not.toHaveProperty("heldSinceMs");
  });

  test("is sent by that process, and by the only one there is", async () => {
    const bench = createBench();
    await deliver(deliveryOf({ endpoint, isOwned: true }), bench);
    await deliver(deliveryOf({ endpoint: endpointOf({ subscriptionId: "sub_2" }) }), bench);
    const alone = { ...createBench(), isShared: false };
    await deliver(deliveryOf({ endpoint }), alone);
    expect([bench.attempted.length, alone.attempted.length]).toEqual([2, 1]);
  });
});

describe("a delivery without room at its endpoint", () => {
  test("is deferred to its slot with the same number, and remembers since when it waits", async () => {
    const bench = createBench();
    const endpoint = endpointOf({ limits: { maxInFlight: 1 } });
    // One is inside and 50 wait: the next would wait for more than a second.
    for (let index = 0; index < 51; index += 1) void bench.gates.enter(endpoint);
    await deliver(deliveryOf({ endpoint, attempt: 2 }), bench);
    expect(bench.attempted).toEqual([]);
    expect(bench.deferred).toEqual([
      {
        ...{ key: "sub_1", event: eventOf(), subscriptionId: "sub_1" },
        ...{ nextAttempt: 2, heldSinceMs: START_MS, dueAtMs: START_MS + 1020 },
      },
    ]);
    expect(await bench.registry.metrics()).toContain('postrider_deferred_total{reason="no_room"} 1');
  });

  test("asks for the last time at the end of its age, and then is dead with the attempts that were made", async () => {
    const bench = createBench();
    const retryPolicy = { delaysMs: [1000], maxAgeMs: 60_000 };
    const endpoint = endpointOf({ limits: { maxInFlight: 1, ratePerSecond: 0.01 }, retryPolicy });
    const event = eventOf({ acceptedAtMs: START_MS - 30_000 });
    void bench.gates.enter(endpoint);
    const delivery = deliveryOf({ event, endpoint, attempt: 3, isOwned: true });
    await deliver(delivery, bench);
    expect(bench.deferred).toMatchObject([{ dueAtMs: START_MS + 30_000, nextAttempt: 3 }]);
    expect(bench.letters).toEqual([]);
    await bench.clock.advanceAsync(30_000);
    await deliver(delivery, bench);
    expect([bench.deferred.length, bench.attempted.length]).toEqual([1, 0]);
    expect(bench.letters).toMatchObject([{ reason: "expired", attempts: 2, subscriptionId: "sub_1" }]);
  });

  test("that waited in memory for a second in vain is deferred then", async () => {
    const bench = createBench();
    const endpoint = endpointOf({ limits: { maxInFlight: 1 } });
    void bench.gates.enter(endpoint);
    const done = deliver(deliveryOf({ endpoint, heldSinceMs: START_MS - 7000 }), bench);
    await bench.clock.advanceAsync(1250);
    await done;
    expect(bench.deferred).toMatchObject([{ nextAttempt: 1, heldSinceMs: START_MS - 7000 }]);
    expect(bench.deferred[0]?.dueAtMs).toBeGreaterThan(bench.clock.nowMs() + 1000);
  });

  test("is sent as soon as another leaves", async () => {
    const bench = createBench();
    const endpoint = endpointOf({ limits: { maxInFlight: 1 } });
    void bench.gates.enter(endpoint);
    const done = deliver(deliveryOf({ endpoint }), bench);
    await settle();
    expect(bench.attempted).toEqual([]);
    bench.gates.leave(endpoint, { latencyMs: 20, outcome: "ok" });
    await done;
    expect(bench.attempts).toHaveLength(1);
  });
});
