// Must hold: what waits for a slow endpoint is copied from tier to tier a few times only, however long it takes. Real time
// (tools/chaos/backlog.e2e.test.ts) shows the first minute of it; this is all of it.
import { deferredTopics } from "@postrider/kit-deferred";
import { encodeEvent, TOPICS } from "@postrider/records";
import { expect, test } from "vitest";
import { SimulatedCluster } from "./log/simulated-cluster.ts";
import { SimulatedNetwork } from "./network/simulated-network.ts";
import { SimulatedSubscriptions } from "./service/simulated-subscriptions.ts";
import { Machine } from "./time/machine.ts";
import { RandomSource } from "./time/random-source.ts";
import { START_MS, VirtualTime } from "./time/virtual-time.ts";
import { startDispatcherProcess } from "./world/dispatcher-process.ts";
import { encodeSubscription } from "./world/encode-subscription.ts";
import type { SubscriptionPlan } from "./world/plan.ts";
import { topicOf } from "./world/record-topic.ts";

/** So many events at once, for an endpoint that takes so many a second: half an hour of work. */
const BACKLOG = Number(process.env["POSTRIDER_TEST_BACKLOG"] ?? "20000");
const PER_SECOND = BACKLOG / 2000;
/** A tenth more than it takes at least. */
const ENOUGH_MS = 2_200_000;
const MAX_COPIES = 8;
const SLOW = "slow";
const TIERS = deferredTopics(-1).map(({ name }) => name);

test("a backlog of half an hour is copied eight times at most, and keeps its endpoint busy", async () => {
  const world = createWorld();
  await world.runFor(ENOUGH_MS);
  const counts = [...world.copies.values()];
  const mean = counts.reduce((sum, count) => sum + count, 0) / BACKLOG;
  const most = counts.reduce((a, b) => Math.max(a, b), 0);
  console.log(`${BACKLOG} events, ${PER_SECOND} a second: copied ${mean.toFixed(2)} times, at most ${most}`);
  expect(world.arrived.size).toBe(BACKLOG);
  expect(most).toBeLessThanOrEqual(MAX_COPIES);
}, 120_000);

test("when the endpoint becomes fast, all that waits has come after no longer than it was slow", async () => {
  const world = createWorld();
  await world.runFor(600_000);
  const soFar = world.arrived.size;
  world.speedUp();
  await world.runFor(600_000);
  expect(soFar).toBeLessThan(BACKLOG / 3);
  expect(world.arrived.size).toBe(BACKLOG);
}, 120_000);

/** One dispatcher, and nothing goes wrong. */
function createWorld() {
  const time = new VirtualTime();
  const branch = (name: string): RandomSource => new RandomSource(1, name);
  const copies = new Map<string, number>();
  const arrived = new Set<string>();
  const topics = new Map([TOPICS.events, ...TIERS].map((name) => [name, 2]));
  for (const name of [TOPICS.attempts, TOPICS.deadLetters, TOPICS.quarantine]) topics.set(name, 1);
  const cluster = new SimulatedCluster({
    ...{ time, random: branch("log"), topics },
    observer: {
      appended: ({ topic, record }) => {
        if (!TIERS.includes(topic)) return;
        const { eventId } = topicOf(record);
        copies.set(eventId, (copies.get(eventId) ?? 0) + 1);
      },
      moved: () => undefined,
      readBackFailed: () => undefined,
    },
  });
  let turnMs = 0;
  let perSecond = PER_SECOND;
  const queue = {
    // Answers each in its turn.
    react: (nowMs: number) => {
      turnMs = Math.max(nowMs, turnMs) + 1000 / perSecond;
      return { kind: "answer", afterMs: turnMs - nowMs, status: 200 } as const;
    },
  };
  const network = new SimulatedNetwork({
    time,
    receivers: new Map([[SLOW, queue]]),
    observer: {
      sent: () => undefined,
      ended: () => undefined,
      acknowledged: ({ eventId }) => arrived.add(eventId),
    },
  });
  const service = new SimulatedSubscriptions(branch("service"));
  service.put(encodeSubscription(SUBSCRIPTION, false));

  const createMachine = (name: string): Machine => {
    return new Machine({ time, random: branch(name).next, aheadMs: 0, onKilled: () => undefined });
  };
  const machine = createMachine("dispatcher");
  startDispatcherProcess({
    ...{ machine, kafka: cluster.connect(machine), commitMs: 2000 },
    ...{ random: branch("chance").next, onEnded: () => undefined },
    ...{ subscriptions: service.connect(machine), egress: network.connect(machine) },
  });
  const { producer } = cluster.connect(createMachine("publisher"));
  for (let from = 0; from < BACKLOG; from += 1000) {
    void producer.append(Array.from({ length: Math.min(1000, BACKLOG - from) }, (_, offset) => encode(from + offset)));
  }
  return {
    copies,
    arrived,
    speedUp: () => void (perSecond = 100 * PER_SECOND),
    runFor: async (durationMs: number) => time.runUntil(time.nowMs + durationMs),
  };
}

const SUBSCRIPTION: SubscriptionPlan = {
  ...{ id: SLOW, tenantId: SLOW, eventTypes: ["*"], createdAtMs: START_MS, pauses: [] },
  receiver: "slow",
  ...{ timeoutMs: 15_000, retryDelaysMs: [5000, 30_000, 120_000, 600_000] },
};

function encode(index: number) {
  const data = new TextEncoder().encode("{}");
  const described = { source: "simulation", timeMs: START_MS, contentType: "application/json" };
  return encodeEvent({ id: `e${index}`, tenantId: SLOW, type: "order.paid", data, ...described });
}
