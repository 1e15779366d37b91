// Must hold: a backlog for one endpoint that takes 50 a second holds no memory, is copied few times, slows down nobody
// else, and goes as fast as the endpoint can take it once that is fast.
import { DeferredDelivery } from "@postrider/contracts/postrider/log/v1/delivery";
import { findStack } from "@postrider/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ServiceProcess } from "../services/service-process.ts";
import { type EndpointServer, startEndpointServer } from "./endpoints/endpoint-server.ts";
import { type Delays, measureDelays, type Published, publishRound } from "./endpoints/round-robin.ts";
import { untilCaughtUp } from "./kills/until-recovered.ts";
import { EVENTS, TIERS } from "./platform/kafka-view.ts";
import { readMetric } from "./platform/metrics.ts";
import { openPlatform, type Platform } from "./platform/open-platform.ts";

const stack = findStack();
const BACKLOG = Number(process.env["POSTRIDER_TEST_BACKLOG"] ?? "100000");
/** Of others' events, beforehand. */
const WARM_UP = 30_000;
const SLOW = "slow";
const OTHERS = Array.from({ length: 20 }, (_, index) => `other-${index}`);
const PER_SECOND = 300;
const PHASE_MS = 10_000;
/** What is published at a phase's end may still be on its way; then a delivery is late. */
const LATE_MS = 1000;
/** Or more than this, milliseconds: two cores also run publisher, receivers and brokers, and so small a heap is collected often. */
const MAY_ADD_MS = 100;
/** Over all of the half hour that such a backlog may take, too: tools/simulation/src/backlog.test.ts. */
const MAX_COPIES = 8;
/**
 * What is resident depends on when V8 last collected, by a hundred MiB. So there is no room for a backlog: a process that
 * needs more than this for what it holds dies, and with 100,000 deliveries in memory it would.
 */
const HEAP = { NODE_OPTIONS: "--max-semi-space-size=16 --max-old-space-size=256" };
/** The furthest slot of one that has not waited for long lies a minute ahead; and then there is the work itself. */
const DRAIN_MS = 120_000;
const DEADLINE_MS = 400_000;
const MIB = 1024 * 1024;

describe.skipIf(stack === undefined)("a backlog for one slow endpoint", { timeout: DEADLINE_MS }, () => {
  let platform: Platform;
  let dispatcher: ServiceProcess;
  let server: EndpointServer;

  beforeAll(async () => {
    if (!stack) return;
    platform = await openPlatform({ stack, environment: HEAP });
    const [first] = platform.services.dispatchers;
    if (!first) throw new Error("no dispatcher");
    dispatcher = first;
    server = await startEndpointServer();
    for (const tenantId of [SLOW, ...OTHERS]) {
      await platform.client.createSubscription({ url: server.urlOf(tenantId), tenantId });
    }
  });
  afterAll(async () => {
    await platform.close();
    await server.close();
  });

  test("costs neither memory nor anybody else's time, and goes when the endpoint is fast", async () => {
    // The same work, for endpoints that take it: the code is compiled then, and the heap has the size that this work gives it.
    await append("warm-up", OTHERS, WARM_UP);
    await caughtUp();
    const undisturbed = await measureOthers("undisturbed");
    const beforeMib = await readResidentMib();

    server.behave(SLOW, { perSecond: 50 });
    const startedAtMs = Date.now();
    await append("backlog", [SLOW], BACKLOG);
    const arriving = await measureOthers("arriving");
    await caughtUp();
    const waiting = await measureOthers("waiting");
    const waitingMib = await readResidentMib();
    const slowly = (server.arrivalsOf(SLOW).size * 1000) / (Date.now() - startedAtMs);

    server.behave(SLOW, "well");
    const fastAtMs = Date.now();
    await expect.poll(() => server.arrivalsOf(SLOW).size, { timeout: DRAIN_MS, interval: 250 }).toBe(BACKLOG);
    const drainedMs = Date.now() - fastAtMs;
    const copies = await countCopies();

    console.log(
      `${BACKLOG} waiting: ${waitingMib.toFixed(0)} MiB resident instead of ${beforeMib.toFixed(0)}; ${slowly.toFixed(1)}/s ` +
        `while slow; gone ${(drainedMs / 1000).toFixed(1)} s after it was fast; copied ${copies.mean.toFixed(1)} times, at most ${copies.most}`,
    );
    expect(dispatcher.exit()).toBeUndefined();
    expect(copies.most).toBeLessThanOrEqual(MAX_COPIES);
    // It was slow indeed, and was not left alone either.
    expect(slowly).toBeGreaterThan(25);
    expect(slowly).toBeLessThan(60);
    expect(waiting.p99).toBeLessThan(Math.max(2 * undisturbed.p99, undisturbed.p99 + MAY_ADD_MS));
    for (const { share } of [arriving, waiting]) expect(share).toBeGreaterThanOrEqual(0.95 * undisturbed.share);
  });

  /** Straight into the log: tens of thousands a second. */
  async function append(prefix: string, tenants: readonly string[], count: number): Promise<void> {
    const time = new Date().toISOString();
    const attributes = { ce_specversion: "1.0", ce_type: "order_paid", ce_source: "test", ce_time: time };
    for (let from = 0; from < count; from += 1000) {
      const records = Array.from({ length: Math.min(1000, count - from) }, (_, offset) => {
        const id = `${prefix}-${from + offset}`;
        const headers = { ...attributes, ce_id: id, ce_tenantid: tenants[offset % tenants.length] ?? "" };
        return { key: id, headers: { ...headers, "content-type": "application/json" }, value: "{}" };
      });
      await platform.kafka.append(EVENTS, records);
    }
  }

  /** Each delivery is done, or stands in a tier. */
  async function caughtUp(): Promise<void> {
    const brokers = stack?.kafkaBrokers ?? "";
    await untilCaughtUp({ brokers, topicPrefix: platform.topicPrefix, deadlineMs: DEADLINE_MS });
  }

  async function measureOthers(phase: string): Promise<Delays> {
    const { client } = platform;
    const published = await publishRound({ client, endpoints: OTHERS, phase, perSecond: PER_SECOND, forMs: PHASE_MS });
    const untilMs = Date.now() + LATE_MS;
    await expect.poll(() => Date.now() > untilMs || areAllThere(published), { timeout: 5000 }).toBe(true);
    const delays = measureDelays(published, OTHERS, { server, untilMs });
    const { p50, p99, max, share } = delays;
    console.log(`${phase}: p50 ${p50} ms, p99 ${p99} ms, most ${max} ms, ${(share * 100).toFixed(2)} % in time`);
    return delays;
  }

  function areAllThere(published: Published): boolean {
    return OTHERS.every((tenant) => {
      const arrivals = server.arrivalsOf(tenant);
      return [...(published.get(tenant)?.keys() ?? [])].every((id) => arrivals.has(id));
    });
  }

  async function readResidentMib(): Promise<number> {
    return (await readMetric(dispatcher, "process_resident_memory_bytes")) / MIB;
  }

  /** How often a delivery was appended to a tier; of this test's, only the slow endpoint's are. */
  async function countCopies(): Promise<{ readonly mean: number; readonly most: number }> {
    const copies = new Map<string, number>();
    for (const tier of TIERS) {
      for (const { value } of await platform.kafka.readAll(`postrider.due.${tier}`)) {
        const { event } = DeferredDelivery.decode(value);
        if (event) copies.set(event.id, (copies.get(event.id) ?? 0) + 1);
      }
    }
    const counts = [...copies.values()];
    return {
      mean: counts.reduce((sum, count) => sum + count, 0) / counts.length,
      most: counts.reduce((a, b) => Math.max(a, b), 0),
    };
  }
});
