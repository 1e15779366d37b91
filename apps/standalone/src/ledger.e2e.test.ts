import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Attempt_Verdict as Verdict, Delivery_State as State } from "@postrider/contracts/postrider/v1/delivery";
import { decodeAttempts, deliveryIdOf } from "@postrider/records";
import { createWatchers, startReceiver } from "@postrider/testing";
import { expect, onTestFinished, test } from "vitest";
import { connectLedger } from "./testing/ledger-client.ts";
import { connectPlatform } from "./testing/platform-client.ts";
import { createDataDir, startPlatform } from "./testing/platform-process.ts";

test("an event that failed twice and was delivered shows every attempt, and its data", async () => {
  const { dataDir, remove } = createDataDir();
  const receiver = await startReceiver({
    answer: [{ status: 503, body: "not now" }, { status: 500 }, { status: 204 }],
  });
  const platform = await startPlatform({ dataDir });
  const [client, ledger] = [connectPlatform(platform.grpcAddress), connectLedger(platform.grpcAddress)];
  await client.createEventType("order_paid");
  const { id: subscriptionId } = await client.createSubscription({ url: receiver.url, retryDelaysMs: [50, 50] });
  const { eventId, acceptedAt } = await client.publish({ json: { total: 1 } });
  await ledger.untilDeliveries((deliveries) => deliveries.some(({ state }) => state === State.STATE_DELIVERED));

  const { delivery, attempts } = await ledger.getDelivery(deliveryIdOf(eventId, subscriptionId));
  expect(delivery).toMatchObject({ eventId, subscriptionId, tenantId: "acme", state: State.STATE_DELIVERED });
  expect(delivery?.acceptTime).toEqual(acceptedAt);
  expect(attempts.map(({ number, url, verdict }) => [number, url, verdict])).toEqual([
    [1, receiver.url, Verdict.VERDICT_RETRY],
    [2, receiver.url, Verdict.VERDICT_RETRY],
    [3, receiver.url, Verdict.VERDICT_DELIVERED],
  ]);
  expect(attempts[0]?.result).toMatchObject({ value: { status: 503, bodyStart: Buffer.from("not now") } });
  const event = await ledger.getEvent(eventId);
  expect(event?.event).toMatchObject({ tenantId: "acme", data: { $case: "jsonData", value: '{"total":1}' } });

  expect(await platform.stop("SIGTERM")).toEqual({ code: 0, signal: null });
  client.close();
  ledger.close();
  await receiver.close();
  remove();
});

const EVENTS = 400;
const KILLS = 3;
const MARKER = "marker";

test("after kills with -9 the ledger has what the log has: nothing twice, nothing missing", async () => {
  const { dataDir, remove } = createDataDir();
  onTestFinished(remove);
  const watchers = createWatchers();
  const received = new Set<string>();
  const receiver = await startReceiver({
    answer: ({ headers }, index) => {
      if (index % 10 === 0) return { status: 500 };
      received.add(String(headers["webhook-id"]));
      watchers.changed();
      return { status: 200, delayMs: 5 };
    },
  });
  let platform = await startPlatform({ dataDir });
  const { grpcAddress } = platform;
  const client = connectPlatform(grpcAddress);
  await client.createEventType("order_paid");
  await client.createSubscription({ url: receiver.url, retryDelaysMs: Array<number>(10).fill(100) });

  async function produce(from: number): Promise<void> {
    for (let number = from; number < EVENTS; number += 8) {
      const id = `event-${number}`;
      for (let isAccepted = false; !isAccepted;) {
        isAccepted = await client.publish({ id, json: { id } }).then(
          () => true,
          // Down or killed meanwhile: published again.
          () => false,
        );
      }
    }
  }
  async function kill(): Promise<void> {
    for (let kills = 1; kills <= KILLS; kills += 1) {
      const wanted = (kills * EVENTS) / (KILLS + 1);
      await watchers.waitUntil(
        () => received.size >= wanted,
        () => `${received.size} of ${wanted} were received`,
        60_000,
      );
      await platform.stop("SIGKILL");
      platform = await startPlatform({ dataDir, grpcAddress });
    }
  }
  await Promise.all([kill(), ...Array.from({ length: 8 }, async (_, index) => produce(index))]);
  const ledger = connectLedger(grpcAddress);
  const delivered = await ledger.untilDeliveries(
    (deliveries) => deliveries.filter(({ state }) => state === State.STATE_DELIVERED).length === EVENTS,
  );
  expect(new Set(delivered.map(({ eventId }) => eventId)).size).toBe(EVENTS);
  // Its attempt comes after all of theirs: once it is in the ledger, so are they.
  await client.publish({ id: MARKER, json: {} });
  await ledger.untilDeliveries((deliveries) => deliveries.some(({ eventId }) => eventId === MARKER));
  ledger.close();
  client.close();
  expect(await platform.stop("SIGTERM")).toEqual({ code: 0, signal: null });
  await receiver.close();

  const { inLog, upToMarker, inLedger, events } = readBoth(dataDir);
  expect(events).toBe(EVENTS + 1);
  expect(upToMarker.length).toBeGreaterThan(EVENTS);
  expect(upToMarker.filter((attempt) => !inLedger.includes(attempt))).toEqual([]);
  expect(inLedger.filter((attempt) => !inLog.includes(attempt))).toEqual([]);
  expect(new Set(inLedger).size).toBe(inLedger.length);
});

/** What tells attempts apart, in the log and in the ledger, and how many events the ledger has. */
function readBoth(dataDir: string): {
  readonly inLog: readonly string[];
  /** Those that were appended before, or with, an attempt of the marker. */
  readonly upToMarker: readonly string[];
  readonly inLedger: readonly string[];
  readonly events: number;
} {
  const database = new DatabaseSync(join(dataDir, "postrider.sqlite"), { readOnly: true });
  const records = database.prepare('SELECT value FROM "log.postrider.attempts" ORDER BY "offset"').all();
  const batches = records.map(({ value }) => decodeAttempts(value as Uint8Array));
  const marked = batches.findIndex((batch) => batch.some(({ eventId }) => eventId === MARKER));
  const keysOf = (attempts: typeof batches): readonly string[] =>
    attempts
      .flat()
      .map((each) => `${deliveryIdOf(each.eventId, each.subscriptionId)} ${each.number} ${each.startedAtMs}`);
  const rows = database.prepare("SELECT delivery_id, number, started_at_ms FROM ledger_attempts").all();
  const [counted] = database.prepare("SELECT count(DISTINCT id) AS count FROM ledger_events").all();
  database.close();
  return {
    inLog: keysOf(batches),
    upToMarker: keysOf(batches.slice(0, marked + 1)),
    inLedger: rows.map((row) => Object.values(row).join(" ")),
    events: Number(counted?.["count"]),
  };
}
