// Must hold: ten thousand deferred deliveries with due times spread over two minutes come in order and within a second,
// over a restart of the dispatcher.
//
// The form of `npm test` is a tenth of that; POSTRIDER_TEST_CROWD=10000 is the promise, and takes three minutes.
import { createServer } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { findStack, listenOnLoopback, trackSockets } from "@postrider/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ServiceProcess } from "../services/service-process.ts";
import { untilCaughtUp } from "./kills/until-recovered.ts";
import { findDueTimes } from "./platform/due-times.ts";
import { EVENTS } from "./platform/kafka-view.ts";
import { readMetric } from "./platform/metrics.ts";
import { openPlatform, type Platform } from "./platform/open-platform.ts";

const stack = findStack();
const CROWD = Number(process.env["POSTRIDER_TEST_CROWD"] ?? "1000");
/** Of the events one in so many is refused: an endpoint that refuses all would be left alone for a while. */
const REFUSED_IN = 4;
/** Due times are spread over it, from the fifth second on. */
const SPREAD_S = CROWD >= 10_000 ? 120 : 20;
const TENANTS = 40;
/** Half a second more than promised, for a machine that does other things too. */
const LATE_MS = 1500;
/** After its return a dispatcher joins its groups and reads what fell due meanwhile. */
const JOINING_MS = 3000;
const DEADLINE_MS = 600_000;

describe.skipIf(stack === undefined)("a crowd of deferred deliveries", { timeout: DEADLINE_MS }, () => {
  let platform: Platform;
  let dispatcher: ServiceProcess;
  let crowd: Crowd;

  beforeAll(async () => {
    if (!stack) return;
    platform = await openPlatform({ stack });
    const [first] = platform.services.dispatchers;
    if (!first) throw new Error("no dispatcher");
    dispatcher = first;
    crowd = await startCrowd();
    for (let tenant = 0; tenant < TENANTS; tenant++) {
      const retryDelaysMs = [5000 + (tenant * SPREAD_S * 1000) / TENANTS];
      await platform.client.createSubscription({ url: crowd.url, tenantId: `spread-${tenant}`, retryDelaysMs });
    }
  });
  afterAll(async () => {
    await platform.close();
    await crowd.close();
  });

  test("comes in order of its due times and within a second of them, over a restart", async () => {
    await appendEvents(REFUSED_IN * CROWD);
    await expect.poll(countRetries, { timeout: DEADLINE_MS, interval: 100 }).toBe(CROWD);
    await untilAllWait();
    await sleep((SPREAD_S * 1000) / 3);
    const stoppedAtMs = Date.now();
    await restart();
    const backAtMs = Date.now();
    await expect.poll(() => crowd.second.size, { timeout: SPREAD_S * 1000 + 60_000, interval: 100 }).toBe(CROWD);

    const due = await findDueTimes(platform.kafka);
    const arrivals = [...crowd.second].map(([id, atMs]) => ({ dueAtMs: due.get(id) ?? NaN, atMs }));
    const quiet = arrivals.filter(({ dueAtMs }) => dueAtMs < stoppedAtMs - LATE_MS || dueAtMs > backAtMs + JOINING_MS);
    const lateness = quiet.map(({ dueAtMs, atMs }) => atMs - dueAtMs);
    const behind = findOvertaken(quiet);
    console.log(
      `${CROWD} due within ${SPREAD_S} s: ${quiet.length} with a dispatcher, late ${describeSpread(lateness)}, out of order by ` +
        `${describeSpread(behind)}; the others while it restarted (${backAtMs - stoppedAtMs} ms), late at most ` +
        `${Math.max(...arrivals.map(({ dueAtMs, atMs }) => atMs - Math.max(dueAtMs, backAtMs)))} ms after its return`,
    );
    expect(percentile(lateness, 0.99)).toBeLessThan(LATE_MS);
    expect(percentile(behind, 0.99)).toBeLessThan(LATE_MS);
    expect(Math.min(...lateness)).toBeGreaterThan(-5);
    expect(crowd.more).toBe(0);
  });

  let appended = 0;
  /** Straight into the log: thousands a second, of one tenant after another. */
  async function appendEvents(count: number): Promise<void> {
    const time = new Date().toISOString();
    for (let from = 0; from < count; from += 1000) {
      const records = Array.from({ length: Math.min(1000, count - from) }, (_, offset) => {
        const id = `spread-${appended + offset}`;
        const attributes = { ce_specversion: "1.0", ce_type: "order_paid", ce_source: "test", ce_time: time };
        const headers = { ...attributes, ce_id: id, ce_tenantid: `spread-${offset % TENANTS}` };
        return { key: id, headers: { ...headers, "content-type": "application/json" }, value: "{}" };
      });
      await platform.kafka.append(EVENTS, records);
      appended += records.length;
    }
  }

  async function countRetries(): Promise<number> {
    return readMetric(dispatcher, "postrider_retries_total");
  }

  /** Nothing of the events is in work any more: each delivery is done, or stands in a tier. */
  async function untilAllWait(): Promise<void> {
    const brokers = stack?.kafkaBrokers ?? "";
    await untilCaughtUp({ brokers, topicPrefix: platform.topicPrefix, deadlineMs: DEADLINE_MS });
  }

  async function restart(): Promise<void> {
    expect(await dispatcher.stop("SIGTERM")).toEqual({ code: 0, signal: null });
    dispatcher = await platform.services.startAgain(dispatcher);
  }
});

interface Arrival {
  readonly dueAtMs: number;
  readonly atMs: number;
}

/** For each: how much later something was due that came before it; 0 if nothing was. */
function findOvertaken(arrivals: readonly Arrival[]): readonly number[] {
  let latestDueMs = 0;
  return [...arrivals]
    .sort((a, b) => a.atMs - b.atMs)
    .map(({ dueAtMs }) => {
      latestDueMs = Math.max(latestDueMs, dueAtMs);
      return latestDueMs - dueAtMs;
    });
}

function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length * share)] ?? Infinity;
}

function describeSpread(values: readonly number[]): string {
  return `p50 ${percentile(values, 0.5)} ms, p99 ${percentile(values, 0.99)} ms, at most ${Math.max(...values)} ms`;
}

/** Round after round of the tenants, so that each of them has all kinds. */
function isTakenAtOnce(id: string): boolean {
  const [, number = ""] = id.split("-");
  return Math.floor(Number(number) / TENANTS) % REFUSED_IN !== 0;
}

interface Crowd {
  readonly url: string;
  /** When each came for the second time, by event. */
  readonly second: ReadonlyMap<string, number>;
  /** How many came more often. */
  readonly more: number;
  readonly close: () => Promise<void>;
}

/**
 * Takes at once what is not to be refused; refuses the rest when it sees it for the first time, and takes it the second
 * time. Remembers less than the receiver of other tests.
 */
async function startCrowd(): Promise<Crowd> {
  const seen = new Set<string>();
  const second = new Map<string, number>();
  let more = 0;
  const server = createServer((request, response) => {
    const id = String(request.headers["webhook-id"]);
    const delivery = `${request.url ?? ""} ${id}`;
    const isNew = !seen.has(delivery);
    seen.add(delivery);
    const isFirst = isNew && !isTakenAtOnce(id);
    if (!isFirst && !isTakenAtOnce(id)) {
      if (second.has(id)) more++;
      else second.set(id, Date.now());
    }
    request.resume();
    response.writeHead(isFirst ? 500 : 200).end();
  });
  const sockets = trackSockets(server);
  const port = await listenOnLoopback(server);
  return {
    url: `http://127.0.0.1:${port}/hook`,
    second,
    get more() {
      return more;
    },
    close: sockets.close,
  };
}
