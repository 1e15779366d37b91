import { FakeClock } from "@postrider/testing";
import { describe, expect, test } from "vitest";
import type { Endpoint } from "./endpoint.ts";
import type { Departure, Entry } from "./gate.ts";
import { createGates, type Gates } from "./gates.ts";
import { endpointOf, settle, START_MS } from "./testing/builders.ts";

/** An attempt that took so long, and went well. */
function well(latencyMs: number): Departure {
  return { latencyMs, outcome: "ok" };
}

const ENTERED: Entry = { kind: "entered" };

function createBench(limits: Endpoint["limits"]): { gates: Gates; clock: FakeClock; endpoint: Endpoint } {
  const clock = new FakeClock(START_MS);
  return { gates: createGates({ clock, random: () => 0.5 }), clock, endpoint: endpointOf({ limits }) };
}

/** Enters, and keeps what came of it as soon as it is known. */
function follow(gates: Gates, endpoint: Endpoint): { entry: Entry | undefined } {
  const followed: { entry: Entry | undefined } = { entry: undefined };
  const entry = gates.enter(endpoint);
  if (entry instanceof Promise) void entry.then((settled) => (followed.entry = settled));
  else followed.entry = entry;
  return followed;
}

describe("the gate of an endpoint", () => {
  test("lets in at once up to its limit, and the next as others leave, in order", async () => {
    const { gates, endpoint } = createBench({ maxInFlight: 2 });
    expect(gates.enter(endpoint)).toEqual(ENTERED);
    expect(gates.enter(endpoint)).toEqual(ENTERED);
    const [third, fourth] = [follow(gates, endpoint), follow(gates, endpoint)];
    await settle();
    expect([third.entry, fourth.entry, gates.inFlight()]).toEqual([undefined, undefined, 2]);
    gates.leave(endpoint, well(20));
    await settle();
    expect([third.entry, fourth.entry, gates.inFlight()]).toEqual([ENTERED, undefined, 2]);
    gates.leave(endpoint, well(20));
    gates.leave(endpoint, well(20));
    await settle();
    expect([fourth.entry, gates.inFlight()]).toEqual([ENTERED, 1]);
    gates.leave(endpoint, well(20));
    expect(gates.inFlight()).toBe(0);
  });

  test("turns away after a second, to a time ahead, those who could not get in", async () => {
    const { gates, clock, endpoint } = createBench({ maxInFlight: 1 });
    void gates.enter(endpoint);
    const waiting = [follow(gates, endpoint), follow(gates, endpoint)];
    await clock.advanceAsync(1000);
    expect(waiting.map(({ entry }) => entry)).toEqual([undefined, undefined]);
    await clock.advanceAsync(250);
    const slots = waiting.map(({ entry }) => (entry?.kind === "defer" ? entry.untilMs : NaN));
    expect(slots[0]).toBeGreaterThan(clock.nowMs() + 1000);
    expect(slots[1]).toBeGreaterThan(slots[0] ?? Infinity);
    // Their places are free, and no timer is left.
    expect(gates.inFlight()).toBe(1);
    gates.leave(endpoint, well(1250));
    expect(gates.enter(endpoint)).toEqual(ENTERED);
    expect(clock.pendingCount).toBe(0);
  });

  test("defers at once what would wait for more than a second, each to a later slot", () => {
    const { gates, clock, endpoint } = createBench({ maxInFlight: 1 });
    const entries = Array.from({ length: 1000 }, () => gates.enter(endpoint));
    const waiting = entries.filter((entry) => entry instanceof Promise);
    const slots = entries.flatMap((entry) => ("kind" in entry && entry.kind === "defer" ? [entry.untilMs] : []));
    // 20 ms each are assumed before the first has ended.
    expect(waiting).toHaveLength(50);
    expect(slots).toHaveLength(949);
    expect(slots).toEqual(slots.toSorted((a, b) => a - b));
    expect(slots[0]).toBe(clock.nowMs() + 1020);
    expect(slots.at(-1)).toBe(clock.nowMs() + 1000 + 949 * 20);
  });

  test("that is full holds up nobody else", async () => {
    const { gates, clock, endpoint } = createBench({ maxInFlight: 1 });
    const entries = Array.from({ length: 100 }, () => follow(gates, endpoint));
    const other = endpointOf({ subscriptionId: "sub_2", limits: { maxInFlight: 1 } });
    expect(gates.enter(other)).toEqual(ENTERED);
    gates.leave(other, well(1));
    await clock.advanceAsync(2000);
    expect(gates.enter(other)).toEqual(ENTERED);
    expect(entries.filter(({ entry }) => entry?.kind === "entered")).toHaveLength(1);
    expect(entries.filter(({ entry }) => entry === undefined)).toEqual([]);
  });

  test("keeps to the rate, by the clock alone and whether anybody leaves or not", async () => {
    const { gates, clock, endpoint } = createBench({ maxInFlight: 64, ratePerSecond: 10 });
    const entries = Array.from({ length: 8 }, () => follow(gates, endpoint));
    const entered = (): number => entries.filter(({ entry }) => entry?.kind === "entered").length;
    expect(entered()).toBe(1);
    const counts: number[] = [];
    for (let tenth = 0; tenth < 7; tenth += 1) {
      await clock.advanceAsync(100);
      counts.push(entered());
    }
    expect(counts).toEqual([2, 3, 4, 5, 6, 7, 8]);
  });

  test("takes changed limits for the next who enters", async () => {
    const { gates, clock, endpoint } = createBench({ maxInFlight: 1 });
    void gates.enter(endpoint);
    const wider = { ...endpoint, limits: { maxInFlight: 3 } };
    const waiting = [follow(gates, wider), follow(gates, wider)];
    gates.leave(endpoint, well(20));
    await settle();
    expect(waiting.map(({ entry }) => entry)).toEqual([ENTERED, ENTERED]);
    expect(gates.enter(wider)).toEqual(ENTERED);
    clock.advance(1000);
    expect(clock.pendingCount).toBe(0);
  });

  test("has no timer while nobody waits", () => {
    const { gates, clock, endpoint } = createBench({ maxInFlight: 1, ratePerSecond: 1 });
    void gates.enter(endpoint);
    gates.leave(endpoint, well(5));
    expect(clock.pendingCount).toBe(0);
  });

  test("is forgotten while idle when there are too many, and never with somebody inside", () => {
    const { gates, endpoint } = createBench({ maxInFlight: 1 });
    void gates.enter(endpoint);
    for (let index = 0; index < 20_001; index += 1) {
      const other = endpointOf({ subscriptionId: `other_${index}`, limits: endpoint.limits });
      void gates.enter(other);
      gates.leave(other, well(1));
    }
    expect(gates.enter(endpoint)).toBeInstanceOf(Promise);
    expect(gates.inFlight()).toBe(1);
  });

  test("of an endpoint that only fails is closed but for a probe, and opens when that goes well", async () => {
    const { gates, clock, endpoint } = createBench({ maxInFlight: 64 });
    for (let failure = 0; failure < 8; failure += 1) {
      expect(gates.enter(endpoint)).toEqual(ENTERED);
      gates.leave(endpoint, { latencyMs: 0, outcome: "failed" });
    }
    expect(gates.closed()).toBe(1);
    const slots = Array.from({ length: 3 }, () => gates.enter(endpoint)).map((entry) =>
      "kind" in entry && entry.kind === "defer" ? entry.untilMs - clock.nowMs() : NaN,
    );
    // Open for 5 s and half of the chance's fifth; then one after another.
    expect(slots[0]).toBeGreaterThanOrEqual(5500);
    expect(slots).toEqual(slots.toSorted((a, b) => a - b));
    const other = endpointOf({ subscriptionId: "sub_2", limits: { maxInFlight: 64 } });
    expect(gates.enter(other)).toEqual(ENTERED);
    await clock.advanceAsync(5500);
    expect(gates.enter(endpoint, clock.nowMs())).toEqual(ENTERED);
    expect(gates.enter(endpoint, clock.nowMs())).toMatchObject({ kind: "defer" });
    gates.leave(endpoint, well(10));
    expect(gates.closed()).toBe(0);
    expect(gates.enter(endpoint, clock.nowMs())).toEqual(ENTERED);
  });

  test("stays shut for as long as the endpoint asked to be left alone, and that of others does not", async () => {
    const { gates, clock, endpoint } = createBench({ maxInFlight: 64 });
    void gates.enter(endpoint);
    gates.leave(endpoint, { latencyMs: 5, outcome: "overloaded", holdBackMs: 7000 });
    expect(gates.enter(endpoint)).toMatchObject({ kind: "defer" });
    expect(gates.enter(endpointOf({ subscriptionId: "sub_2" }))).toEqual(ENTERED);
    await clock.advanceAsync(6999);
    const entry = gates.enter(endpoint);
    expect(entry).toBeInstanceOf(Promise);
    await clock.advanceAsync(1);
    expect(await entry).toEqual(ENTERED);
  });

  test("is closed to all while as many as there may be sockets are out", () => {
    const { gates, clock } = createBench({ maxInFlight: 1 });
    const endpoints = Array.from({ length: 8192 }, (_, index) => endpointOf({ subscriptionId: `sub_${index}` }));
    for (const endpoint of endpoints) expect(gates.enter(endpoint)).toEqual(ENTERED);
    const other = endpointOf({ subscriptionId: "another" });
    expect(gates.enter(other)).toEqual({ kind: "defer", untilMs: clock.nowMs() + 2000 });
    const [first] = endpoints;
    if (first) gates.leave(first, well(1));
    expect(gates.enter(other)).toEqual(ENTERED);
  });
});
