import { evolveDelivery, INITIAL_DELIVERY_STATE, type DeliveryState, type Verdict } from "@postrider/domain-delivery";
import { deliveryIdOf, type RecordedAttempt } from "@postrider/records";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { LedgerEntry } from "../store/ledger-entry.ts";
import type { DeliveryRow, DeliveryRowState } from "../store/ledger-schema.ts";
import type { DeliveriesAsked, EventsAsked, LedgerStore, PageKey } from "../store/ledger-store.ts";
import {
  attemptOf,
  eventOf,
  failedAttemptOf,
  letterOf,
  NOON_MS,
  ofAttempt,
  ofEvent,
  ofLetter,
} from "./build-entries.ts";
import type { OpenStore } from "./open-on-sqlite.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const ID = deliveryIdOf("evt_1", "sub_1");

/** What a ledger's store must do, whichever database it is. */
export function describeLedgerStore(openStore: OpenStore): void {
  describe("events", () => {
    test("are kept as they were accepted, byte for byte, once", async () => {
      const store = await openStore();
      const event = eventOf({ data: Buffer.from([0, 255, 123]) });
      expect(await store.add([ofEvent(event), ofEvent(event)])).toEqual({ events: 1, attempts: 0 });
      expect(await store.add([ofEvent(event)])).toEqual({ events: 0, attempts: 0 });
      const row = await store.findEvent({ id: "evt_1", tenantId: undefined, acceptedAtMs: undefined });
      expect(row).toMatchObject({
        ...{ id: "evt_1", tenant_id: "acme", type: "order.paid", source: "shop", time_ms: NOON_MS - 1500 },
        ...{ accepted_at_ms: NOON_MS, content_type: "application/json", ordering_key: "order-7", data_bytes: 3 },
      });
      expect([...(row?.data ?? [])]).toEqual([0, 255, 123]);
    });

    test("keep as much of their data as was asked for", async () => {
      const store = await openStore({ keptDataBytes: 4 });
      await store.add([ofEvent(eventOf({ data: Buffer.from("123456") }))]);
      const row = await store.findEvent({ id: "evt_1", tenantId: undefined, acceptedAtMs: undefined });
      expect([row?.data_bytes, Buffer.from(row?.data ?? []).toString()]).toEqual([6, "1234"]);
    });

    test("of one id, published again on another day, are told apart by their acceptance; the last comes first", async () => {
      const store = await openStore();
      const again = eventOf({ acceptedAtMs: NOON_MS + DAY_MS, data: Buffer.from("again") });
      await store.add([ofEvent(again), ofEvent(eventOf())]);
      const find = async (acceptedAtMs?: number): Promise<number | undefined> =>
        (await store.findEvent({ id: "evt_1", tenantId: "acme", acceptedAtMs }))?.accepted_at_ms;
      expect(await find()).toBe(NOON_MS + DAY_MS);
      expect(await find(NOON_MS)).toBe(NOON_MS);
      expect(await find(NOON_MS + 1)).toBeUndefined();
    });

    test("of another tenant are not there", async () => {
      const store = await openStore();
      await store.add([ofEvent(eventOf()), ofAttempt(attemptOf())]);
      expect(await store.findEvent({ id: "evt_1", tenantId: "other", acceptedAtMs: undefined })).toBeUndefined();
      expect(await store.findDelivery({ id: ID, tenantId: "other", acceptedAtMs: undefined })).toBeUndefined();
      expect(await store.findDelivery({ id: ID, tenantId: "acme", acceptedAtMs: undefined })).toBeDefined();
    });
  });

  describe("attempts", () => {
    const list = async (store: LedgerStore, limit = 100): Promise<readonly unknown[]> =>
      (await store.listAttempts({ deliveryId: ID, acceptedAtMs: NOON_MS, limit })).map((row) => [
        row.number,
        row.started_at_ms - NOON_MS,
      ]);

    test("are there once, in the order in which they were made, whatever the order in which they came", async () => {
      const store = await openStore();
      const third = ofAttempt(attemptOf({ number: 3, startedAtMs: NOON_MS + 300 }));
      const second = ofAttempt(failedAttemptOf({ number: 2, startedAtMs: NOON_MS + 200 }));
      // A crash had it made twice.
      const secondAgain = ofAttempt(failedAttemptOf({ number: 2, startedAtMs: NOON_MS + 250 }));
      const first = ofAttempt(failedAttemptOf({ number: 1, startedAtMs: NOON_MS + 100 }));
      expect(await store.add([third, secondAgain, third])).toEqual({ events: 0, attempts: 2 });
      expect(await store.add([first, second, third])).toEqual({ events: 0, attempts: 2 });
      expect(await list(store)).toEqual([
        [1, 100],
        [2, 200],
        [2, 250],
        [3, 300],
      ]);
      expect(await list(store, 2)).toEqual([
        [2, 250],
        [3, 300],
      ]);
    });

    test("keep what was answered, or why nothing was", async () => {
      const store = await openStore();
      await store.add([
        ofAttempt(failedAttemptOf()),
        ofAttempt(failedAttemptOf({ number: 2, result: { kind: "unreachable", reason: "timeout" } })),
        ofAttempt(
          failedAttemptOf({
            number: 3,
            result: { kind: "refused", reason: "private_address" },
            verdict: { kind: "dead", reason: "refused" },
          }),
        ),
      ]);
      const rows = await store.listAttempts({ deliveryId: ID, acceptedAtMs: NOON_MS, limit: 10 });
      expect(rows).toMatchObject([
        {
          ...{ status: 503, is_acknowledged: 0, retry_after_ms: 5000, unreachable_reason: null, refused_reason: null },
          ...{ verdict: "retry", retry_at_ms: NOON_MS + 5010, duration_us: 20_400, url: "https://shop.example/hook" },
        },
        { status: null, unreachable_reason: "timeout", refused_reason: null },
        { status: null, refused_reason: "private_address", verdict: "dead", dead_reason: "refused", retry_at_ms: null },
      ]);
      expect([...(rows[0]?.body_start ?? [])]).toEqual([0, 255, 13, 10, 128]);
    });
  });

  describe("deliveries", () => {
    const find = async (store: LedgerStore, acceptedAtMs?: number): Promise<DeliveryRow | undefined> =>
      await store.findDelivery({ id: ID, tenantId: undefined, acceptedAtMs });

    test("wait after a failure and are delivered in the end", async () => {
      const store = await openStore();
      await store.add([ofAttempt(failedAttemptOf())]);
      expect(await find(store)).toEqual({
        ...{ accepted_at_ms: NOON_MS, id: ID, event_id: "evt_1", tenant_id: "acme", subscription_id: "sub_1" },
        ...{ event_type: "order.paid", event_time_ms: NOON_MS - 1500, state: "waiting", attempts: 1 },
        ...{ last_attempt_at_ms: NOON_MS + 10, until_ms: NOON_MS + 5010, delivered_at_ms: null, dead_reason: null },
      });
      await store.add([ofAttempt(attemptOf({ number: 2, startedAtMs: NOON_MS + 5010 }))]);
      expect(await find(store)).toMatchObject({
        ...{ state: "delivered", attempts: 2, last_attempt_at_ms: NOON_MS + 5010, until_ms: null },
        delivered_at_ms: NOON_MS + 5030,
      });
    });

    test("die by a dead letter, also without any attempt", async () => {
      const store = await openStore();
      await store.add([ofLetter(letterOf({ reason: "undeferrable" }))]);
      expect(await find(store)).toMatchObject({
        ...{ state: "dead", dead_reason: "undeferrable", attempts: 0, last_attempt_at_ms: null, event_id: "evt_1" },
      });
      await store.add([ofAttempt(failedAttemptOf())]);
      expect(await find(store)).toMatchObject({ state: "waiting", attempts: 1 });
      await store.add([ofLetter(letterOf({ attempts: 1 }))]);
      expect(await find(store)).toMatchObject({ state: "dead", dead_reason: "expired", attempts: 1 });
    });

    test("of an event that was published again are told apart, with their attempts", async () => {
      const store = await openStore();
      const acceptedAtMs = NOON_MS + HOUR_MS;
      await store.add([
        ofAttempt(attemptOf()),
        ofAttempt(failedAttemptOf({ acceptedAtMs, startedAtMs: acceptedAtMs })),
      ]);
      expect(await find(store)).toMatchObject({ state: "waiting", accepted_at_ms: acceptedAtMs });
      expect(await find(store, NOON_MS)).toMatchObject({ state: "delivered" });
      expect(await store.listAttempts({ deliveryId: ID, acceptedAtMs, limit: 9 })).toHaveLength(1);
    });

    test("are the fold of their attempts, in whatever order, batches and repetition these came", async () => {
      const store = await openStore();
      let run = 0;
      await fc.assert(
        fc.asyncProperty(scenarios, async (deliveries) => {
          run += 1;
          const attempts = deliveries.flatMap(({ made }, index) =>
            made.map((each) => attemptOf({ ...each, eventId: `evt_${run}`, subscriptionId: `sub_${index}` })),
          );
          for (const batch of batchesOf(attempts)) await store.add(batch.map(ofAttempt));
          for (const index of deliveries.keys()) {
            const id = deliveryIdOf(`evt_${run}`, `sub_${index}`);
            const found = await store.findDelivery({ id, tenantId: undefined, acceptedAtMs: undefined });
            const made = attempts.filter(({ subscriptionId }) => subscriptionId === `sub_${index}`);
            expect(found && stateOf(found)).toEqual(fold(made));
          }
        }),
        { numRuns: 40 },
      );
    });
  });

  describe("lists", () => {
    const entries = manyEntries();

    test("of events have what the filter asks for, newest first, over pages without gaps", async () => {
      const store = await openStore();
      await store.add(entries);
      const all = entries.flatMap((entry) => (entry.kind === "event" ? [entry.event] : []));
      const filters: readonly Partial<EventsAsked>[] = [
        {},
        { tenantId: "tenant_1" },
        { tenantId: "tenant_1", type: "type_2" },
        { fromMs: NOON_MS - DAY_MS, toMs: NOON_MS },
        { tenantId: "tenant_2", type: "type_1", fromMs: NOON_MS - HOUR_MS },
        { tenantId: "tenant_2", toMs: NOON_MS },
        { tenantId: "nobody" },
      ];
      for (const filter of filters) {
        const wanted = all
          .filter(({ tenantId }) => filter.tenantId === undefined || tenantId === filter.tenantId)
          .filter(({ type }) => filter.type === undefined || type === filter.type)
          .filter(({ acceptedAtMs }) => acceptedAtMs >= (filter.fromMs ?? 0))
          .filter(({ acceptedAtMs }) => acceptedAtMs < (filter.toMs ?? Infinity))
          .map(({ acceptedAtMs, id }) => ({ acceptedAtMs, id }));
        const listed = await listAll(7, async (after, limit) =>
          store.listEvents({ ...NO_EVENT_FILTER, ...filter, after, limit }),
        );
        expect(listed).toEqual(newestFirst(wanted));
      }
    });

    test("of deliveries have what the filter asks for, newest first, over pages without gaps", async () => {
      const store = await openStore();
      await store.add(entries);
      const all = entries.flatMap((entry) => (entry.kind === "attempt" ? [entry.attempt] : []));
      const filters: readonly Partial<DeliveriesAsked>[] = [
        {},
        { state: "dead" },
        { tenantId: "tenant_1" },
        { tenantId: "tenant_1", state: "waiting" },
        { subscriptionId: "sub_1" },
        { subscriptionId: "sub_2", state: "delivered", toMs: NOON_MS },
        { subscriptionId: "sub_2", tenantId: "tenant_2" },
        { subscriptionId: "sub_2", tenantId: "tenant_1" },
        { eventId: "evt_7" },
        { eventId: "evt_7", state: "dead" },
        { eventId: "evt_7", tenantId: "tenant_2" },
        { eventId: "evt_7", subscriptionId: "sub_1" },
        { fromMs: NOON_MS - HOUR_MS, toMs: NOON_MS + HOUR_MS },
      ];
      const states: Record<Verdict["kind"], DeliveryRowState> = {
        retry: "waiting",
        delivered: "delivered",
        dead: "dead",
      };
      for (const filter of filters) {
        const wanted = all
          .filter(({ tenantId }) => filter.tenantId === undefined || tenantId === filter.tenantId)
          .filter(({ subscriptionId: id }) => filter.subscriptionId === undefined || id === filter.subscriptionId)
          .filter(({ eventId }) => filter.eventId === undefined || eventId === filter.eventId)
          .filter(({ verdict }) => filter.state === undefined || states[verdict.kind] === filter.state)
          .filter(({ acceptedAtMs }) => acceptedAtMs >= (filter.fromMs ?? 0))
          .filter(({ acceptedAtMs }) => acceptedAtMs < (filter.toMs ?? Infinity))
          .map((each) => ({ acceptedAtMs: each.acceptedAtMs, id: deliveryIdOf(each.eventId, each.subscriptionId) }));
        const listed = await listAll(7, async (after, limit) =>
          store.listDeliveries({ ...NO_DELIVERY_FILTER, ...filter, after, limit }),
        );
        expect(listed).toEqual(newestFirst(wanted));
      }
    });
  });

  test("what is too old is removed, and nothing else", async () => {
    const store = await openStore();
    const days = [-3, -2, -1, 0].map((day) => NOON_MS + day * DAY_MS);
    await store.add(
      days.flatMap((acceptedAtMs, index) => [
        ofEvent(eventOf({ id: `evt_${index}`, acceptedAtMs })),
        ofAttempt(attemptOf({ eventId: `evt_${index}`, acceptedAtMs })),
      ]),
    );
    await store.removeBefore(NOON_MS - DAY_MS - 12 * HOUR_MS, new AbortController().signal);
    const events = await store.listEvents({ ...NO_EVENT_FILTER, after: undefined, limit: 9 });
    expect(events.map(({ id }) => id)).toEqual(["evt_3", "evt_2"]);
    const deliveries = await store.listDeliveries({ ...NO_DELIVERY_FILTER, after: undefined, limit: 9 });
    expect(deliveries.map(({ event_id: id }) => id)).toEqual(["evt_3", "evt_2"]);
    const attempts = await Promise.all(
      days.map(async (acceptedAtMs, index) =>
        store.listAttempts({ deliveryId: deliveryIdOf(`evt_${index}`, "sub_1"), acceptedAtMs, limit: 9 }),
      ),
    );
    expect(attempts.map(({ length }) => length)).toEqual([0, 0, 1, 1]);
    // Room for what comes late all the same: it is the caller who says what is too old.
    await store.add([ofEvent(eventOf({ id: "evt_late", acceptedAtMs: NOON_MS - 3 * DAY_MS }))]);
  });
}

const NO_EVENT_FILTER = { tenantId: undefined, type: undefined, fromMs: undefined, toMs: undefined };
const NO_DELIVERY_FILTER = {
  ...{ tenantId: undefined, subscriptionId: undefined, eventId: undefined, state: undefined },
  ...{ fromMs: undefined, toMs: undefined },
};

/** Events of two days and some equal moments, for two tenants, each for both subscriptions of its tenant. */
function manyEntries(): readonly LedgerEntry[] {
  const verdicts: readonly Verdict[] = [
    { kind: "delivered" },
    { kind: "delivered" },
    { kind: "retry", atMs: NOON_MS },
    { kind: "dead", reason: "exhausted" },
  ];
  return Array.from({ length: 60 }, (_, index): LedgerEntry[] => {
    const tenant = 1 + (index % 2);
    const acceptedAtMs = NOON_MS - Math.floor(index / 3) * HOUR_MS * 2;
    const [eventId, tenantId, eventType] = [`evt_${index}`, `tenant_${tenant}`, `type_${1 + (index % 3)}`];
    const verdict = verdicts[index % verdicts.length] ?? { kind: "delivered" };
    const attempt = { eventId, tenantId, eventType, acceptedAtMs, verdict };
    return [
      ofEvent(eventOf({ id: eventId, tenantId, type: eventType, acceptedAtMs })),
      ofAttempt(attemptOf({ ...attempt, subscriptionId: `sub_${tenant}` })),
      ofAttempt(attemptOf({ ...attempt, subscriptionId: `sub_${tenant + 2}` })),
    ];
  }).flat();
}

function newestFirst(keys: readonly PageKey[]): readonly PageKey[] {
  return keys.toSorted((a, b) => b.acceptedAtMs - a.acceptedAtMs || (a.id < b.id ? 1 : -1));
}

async function listAll(
  limit: number,
  read: (after: PageKey | undefined, limit: number) => Promise<readonly { accepted_at_ms: number; id: string }[]>,
): Promise<readonly PageKey[]> {
  const listed: PageKey[] = [];
  for (;;) {
    const page = await read(listed.at(-1), limit);
    listed.push(...page.map((row) => ({ acceptedAtMs: row.accepted_at_ms, id: row.id })));
    if (page.length < limit) return listed;
  }
}

type Made = Pick<RecordedAttempt, "number" | "startedAtMs" | "durationUs" | "verdict">;

const madeAttempt: fc.Arbitrary<Made> = fc.record({
  number: fc.integer({ min: 1, max: 4 }),
  startedAtMs: fc.integer({ min: NOON_MS, max: NOON_MS + 5 }),
  durationUs: fc.nat(5000),
  verdict: fc.oneof(
    fc.constant({ kind: "delivered" } as const),
    fc.record({ kind: fc.constant("retry" as const), atMs: fc.integer({ min: NOON_MS, max: NOON_MS + 5 }) }),
    fc.record({
      kind: fc.constant("dead" as const),
      reason: fc.constantFrom("exhausted", "expired", "gone", "refused", "rejected"),
    }),
  ),
});

/** Of some deliveries: what was made, of which no two are one attempt. */
const scenarios = fc.array(
  fc.record({
    made: fc.uniqueArray(madeAttempt, {
      ...{ minLength: 1, maxLength: 6 },
      selector: ({ number, startedAtMs }) => `${number} ${startedAtMs}`,
    }),
  }),
  { minLength: 1, maxLength: 5 },
);

/** All of them twice, shuffled by their own values, three at a time. */
function batchesOf(attempts: readonly RecordedAttempt[]): readonly (readonly RecordedAttempt[])[] {
  const weight = ({ startedAtMs, durationUs, number }: RecordedAttempt): number =>
    (startedAtMs * 31 + durationUs * 17 + number * 7) % 13;
  const twice = [...attempts, ...attempts.toReversed()].sort((a, b) => weight(a) - weight(b));
  return Array.from({ length: Math.ceil(twice.length / 3) }, (_, index) => twice.slice(index * 3, index * 3 + 3));
}

function fold(attempts: readonly RecordedAttempt[]): DeliveryState {
  return attempts
    .map(({ number, startedAtMs, durationUs, verdict }) => ({
      attempt: number,
      atMs: Math.round(startedAtMs + durationUs / 1000),
      verdict,
    }))
    .reduce(evolveDelivery, INITIAL_DELIVERY_STATE);
}

function stateOf(row: DeliveryRow): unknown {
  const { state: kind, attempts } = row;
  if (kind === "waiting") return { kind, attempts, untilMs: row.until_ms };
  return kind === "dead" ? { kind, attempts, reason: row.dead_reason } : { kind, attempts, atMs: row.delivered_at_ms };
}
