import {
  Attempt_Verdict as Verdict,
  type Delivery,
  Delivery_State as State,
  type DeliveryServiceClient,
  type GetDeliveryResponse,
  type GetEventResponse,
  type ListDeliveriesRequest,
  type ListDeliveriesResponse,
  type ListEventsRequest,
  type ListEventsResponse,
} from "@postrider/contracts/postrider/v1/delivery";
import { call, type ErrorDetails, readErrorDetails } from "@postrider/kit-rpc";
import { deliveryIdOf } from "@postrider/records";
import { describe, expect, test } from "vitest";
import { type LedgerStore, LedgerStoreError } from "../store/ledger-store.ts";
import { attemptOf, eventOf, failedAttemptOf, NOON_MS, ofAttempt, ofEvent } from "../testing/build-entries.ts";
import { openOnSqlite } from "../testing/open-on-sqlite.ts";
import { startDeliveryService } from "../testing/start-delivery-service.ts";

const ID = deliveryIdOf("evt_1", "sub_1");
const NO_PAGE = { pageSize: 0, pageToken: "" };
const NO_TIMES = { from: undefined, to: undefined };

const soon = (): { deadline: Date } => ({ deadline: new Date(Date.now() + 10_000) });

function ask(client: DeliveryServiceClient): {
  readonly getEvent: (id: string, acceptTime?: Date) => Promise<GetEventResponse>;
  readonly getDelivery: (id: string, acceptTime?: Date) => Promise<GetDeliveryResponse>;
  readonly listEvents: (filter?: Partial<ListEventsRequest>) => Promise<ListEventsResponse>;
  readonly listDeliveries: (filter?: Partial<ListDeliveriesRequest>) => Promise<ListDeliveriesResponse>;
} {
  return {
    getEvent: async (id, acceptTime) => call(client.getEvent.bind(client), { id, acceptTime }, soon()),
    getDelivery: async (id, acceptTime) => call(client.getDelivery.bind(client), { id, acceptTime }, soon()),
    listEvents: async (filter) =>
      call(client.listEvents.bind(client), { tenantId: "", type: "", ...NO_TIMES, ...NO_PAGE, ...filter }, soon()),
    listDeliveries: async (filter) => {
      const request = { tenantId: "", subscriptionId: "", eventId: "", state: State.STATE_UNSPECIFIED, ...filter };
      return call(client.listDeliveries.bind(client), { ...NO_TIMES, ...NO_PAGE, ...request }, soon());
    },
  };
}

async function readFailure(failing: Promise<unknown>): Promise<ErrorDetails> {
  try {
    await failing;
  } catch (error) {
    return readErrorDetails(error);
  }
  throw new Error("the call succeeded");
}

const idsOf = (deliveries: readonly Delivery[]): readonly string[] => deliveries.map(({ eventId }) => eventId);

test("an event comes back as it was published, as text where it is JSON", async () => {
  const store = await openOnSqlite();
  const image = eventOf({ id: "evt_2", contentType: "image/png", data: Buffer.from([0, 255]) });
  const broken = eventOf({ id: "evt_3", data: Buffer.from([0xff, 0xfe]) });
  await store.add([ofEvent(eventOf()), ofEvent(image), ofEvent(broken)]);
  const { getEvent } = ask(await startDeliveryService(store));
  expect((await getEvent("evt_1")).event).toEqual({
    event: {
      ...{ id: "evt_1", tenantId: "acme", type: "order.paid", time: new Date(NOON_MS - 1500), source: "shop" },
      ...{ contentType: "application/json", orderingKey: "order-7" },
      data: { $case: "jsonData", value: '{ "total" : 1.50 }\n' },
    },
    ...{ acceptTime: new Date(NOON_MS), dataBytes: 19, dataTruncated: false },
  });
  expect((await getEvent("evt_2")).event?.event?.data).toEqual({ $case: "binaryData", value: Buffer.from([0, 255]) });
  expect((await getEvent("evt_3")).event?.event?.data?.$case).toBe("binaryData");
});

test("an event whose data is not kept whole says so", async () => {
  const store = await openOnSqlite({ keptDataBytes: 5 });
  await store.add([ofEvent(eventOf())]);
  const { event } = await ask(await startDeliveryService(store)).getEvent("evt_1");
  expect(event).toMatchObject({
    ...{ dataBytes: 19, dataTruncated: true },
    event: { data: { $case: "binaryData", value: Buffer.from('{ "to') } },
  });
});

test("a delivery comes with every attempt, in order, with what was answered and what followed", async () => {
  const store = await openOnSqlite();
  await store.add([
    ofAttempt(failedAttemptOf()),
    ofAttempt(
      failedAttemptOf({
        ...{
          number: 2,
          startedAtMs: NOON_MS + 6000,
          result: { kind: "unreachable", reason: "tls", detail: "certificate_expired" },
        },
        bodyStart: Buffer.alloc(0),
      }),
    ),
    ofAttempt(attemptOf({ number: 3, startedAtMs: NOON_MS + 12_000, durationUs: 1_000_250 })),
  ]);
  const { delivery, attempts } = await ask(await startDeliveryService(store)).getDelivery(ID);
  expect(delivery).toEqual({
    ...{ id: ID, eventId: "evt_1", tenantId: "acme", subscriptionId: "sub_1", eventType: "order.paid" },
    ...{ state: State.STATE_DELIVERED, attemptCount: 3, deadReason: "", nextAttemptTime: undefined },
    ...{ eventTime: new Date(NOON_MS - 1500), acceptTime: new Date(NOON_MS) },
    ...{ lastAttemptTime: new Date(NOON_MS + 12_000), deliverTime: new Date(NOON_MS + 13_000) },
  });
  expect(attempts).toEqual([
    {
      ...{ number: 1, startTime: new Date(NOON_MS + 10), duration: { seconds: 0n, nanos: 20_400_000 } },
      ...{ url: "https://shop.example/hook", verdict: Verdict.VERDICT_RETRY, deadReason: "" },
      retryTime: new Date(NOON_MS + 5010),
      result: {
        $case: "response",
        value: {
          ...{ status: 503, acknowledged: false, bodyStart: Buffer.from([0, 255, 13, 10, 128]) },
          retryAfter: { seconds: 5n, nanos: 0 },
        },
      },
    },
    expect.objectContaining({
      number: 2,
      result: { $case: "unreachable", value: { reason: "tls", detail: "certificate_expired" } },
    }),
    expect.objectContaining({
      ...{ number: 3, verdict: Verdict.VERDICT_DELIVERED, duration: { seconds: 1n, nanos: 250_000 } },
      retryTime: undefined,
    }),
  ]);
});

describe("lists", () => {
  async function startWithMany(boundTo?: string): Promise<ReturnType<typeof ask>> {
    const store = await openOnSqlite();
    const entries = Array.from({ length: 10 }, (_, index) => {
      const own = { tenantId: index < 7 ? "acme" : "other", acceptedAtMs: NOON_MS + index };
      const subscriptionId = index < 7 ? "sub_1" : "sub_2";
      const eventId = `evt_${index}`;
      const attempt = index === 3 ? failedAttemptOf : attemptOf;
      return [ofEvent(eventOf({ id: eventId, ...own })), ofAttempt(attempt({ eventId, subscriptionId, ...own }))];
    });
    await store.add(entries.flat());
    return ask(await startDeliveryService(store, boundTo));
  }

  test("go on where the page ended, without data, and end", async () => {
    const { listEvents } = await startWithMany();
    const first = await listEvents({ tenantId: "acme", pageSize: 4 });
    expect(first.events.map(({ event }) => event?.id)).toEqual(["evt_6", "evt_5", "evt_4", "evt_3"]);
    expect(first.events.map(({ event }) => event?.data)).toEqual([undefined, undefined, undefined, undefined]);
    const second = await listEvents({ tenantId: "acme", pageSize: 4, pageToken: first.nextPageToken });
    expect(second.events.map(({ event }) => event?.id)).toEqual(["evt_2", "evt_1", "evt_0"]);
    expect(second.nextPageToken).toBe("");
  });

  test("take every filter", async () => {
    const { listDeliveries } = await startWithMany();
    const list = async (filter: Partial<ListDeliveriesRequest>): Promise<readonly string[]> =>
      idsOf((await listDeliveries(filter)).deliveries);
    expect(await list({ state: State.STATE_WAITING })).toEqual(["evt_3"]);
    expect(await list({ subscriptionId: "sub_2", pageSize: 2 })).toEqual(["evt_9", "evt_8"]);
    expect(await list({ eventId: "evt_5" })).toEqual(["evt_5"]);
    expect(await list({ from: new Date(NOON_MS + 2), to: new Date(NOON_MS + 4) })).toEqual(["evt_3", "evt_2"]);
    expect(await list({ tenantId: "nobody" })).toEqual([]);
  });

  test("a caller that is bound to a tenant sees its own, and the rest is as if it were not there", async () => {
    const { getEvent, getDelivery, listEvents, listDeliveries } = await startWithMany("other");
    expect((await listEvents()).events.map(({ event }) => event?.id)).toEqual(["evt_9", "evt_8", "evt_7"]);
    expect(idsOf((await listDeliveries()).deliveries)).toEqual(["evt_9", "evt_8", "evt_7"]);
    expect(await listDeliveries({ tenantId: "acme" })).toEqual({ deliveries: [], nextPageToken: "" });
    expect(await listDeliveries({ subscriptionId: "sub_1" })).toEqual({ deliveries: [], nextPageToken: "" });
    expect(await listEvents({ tenantId: "acme" })).toEqual({ events: [], nextPageToken: "" });
    expect((await getEvent("evt_8")).event?.event?.id).toBe("evt_8");
    expect((await readFailure(getEvent("evt_1"))).code).toBe("NOT_FOUND");
    expect((await readFailure(getDelivery(deliveryIdOf("evt_1", "sub_1")))).code).toBe("NOT_FOUND");
    expect((await getDelivery(deliveryIdOf("evt_8", "sub_2"))).attempts).toHaveLength(1);
  });

  test("a token goes on with its own list and filter only", async () => {
    const { listEvents, listDeliveries } = await startWithMany();
    const { nextPageToken: pageToken } = await listEvents({ tenantId: "acme", pageSize: 2 });
    const wrong = [
      listEvents({ tenantId: "other", pageToken }),
      listEvents({ tenantId: "acme", type: "order.paid", pageToken }),
      listEvents({ tenantId: "acme", from: new Date(NOON_MS), pageToken }),
      listDeliveries({ tenantId: "acme", pageToken }),
      listEvents({ tenantId: "acme", pageToken: "x" }),
    ];
    for (const failing of wrong) {
      expect(await readFailure(failing)).toMatchObject({
        ...{ code: "INVALID_ARGUMENT", violations: [{ field: "page_token" }] },
      });
    }
    // Another page size is no other list.
    expect((await listEvents({ tenantId: "acme", pageSize: 3, pageToken })).events).toHaveLength(3);
  });
});

describe("refused", () => {
  const from = new Date(NOON_MS);
  const cases: readonly [string, (asked: ReturnType<typeof ask>) => Promise<unknown>, readonly string[]][] = [
    ["no id of an event", async ({ getEvent }) => getEvent(""), ["id"]],
    ["a wrong id of an event", async ({ getEvent }) => getEvent("a.b"), ["id"]],
    ["no id of a delivery", async ({ getDelivery }) => getDelivery(""), ["id"]],
    ["a wrong id of a delivery", async ({ getDelivery }) => getDelivery("evt_1"), ["id"]],
    ["times in the wrong order", async ({ listEvents }) => listEvents({ from, to: from }), ["to"]],
    ["a type without a tenant", async ({ listEvents }) => listEvents({ type: "order.paid" }), ["type"]],
    ["a pattern", async ({ listEvents }) => listEvents({ tenantId: "acme", type: "order.*" }), ["type"]],
    ["a page that is too large", async ({ listEvents }) => listEvents({ pageSize: 1001 }), ["page_size"]],
    ["an unknown state", async ({ listDeliveries }) => listDeliveries({ state: 9 as State }), ["state"]],
    [
      "all that is wrong at once",
      async ({ listDeliveries }) =>
        listDeliveries({ tenantId: "a b", subscriptionId: "\0", eventId: "é", from, to: from }),
      ["event_id", "subscription_id", "tenant_id", "to"],
    ],
  ];
  test.each(cases)("%s", async (_, failing, fields) => {
    const asked = ask(await startDeliveryService(await openOnSqlite()));
    const { code, violations } = await readFailure(failing(asked));
    expect([code, violations.map(({ field }) => field).sort()]).toEqual(["INVALID_ARGUMENT", fields]);
  });

  test("what is not there is NOT_FOUND, with its name", async () => {
    const { getEvent, getDelivery } = ask(await startDeliveryService(await openOnSqlite()));
    expect(await readFailure(getEvent("evt_9", from))).toMatchObject({
      code: "NOT_FOUND",
      message: expect.stringContaining(
        'there is no event "evt_9" that was accepted at 2026-01-01T12:00:00.000Z',
      ) as string,
    });
    expect((await readFailure(getDelivery(ID))).message).toContain(`there is no delivery "${ID}"`);
  });

  test("a database that can't be used is UNAVAILABLE", async () => {
    const away = async (): Promise<never> => {
      throw new LedgerStoreError("unavailable", "no connection");
    };
    const store: LedgerStore = { ...(await openOnSqlite()), findEvent: away };
    expect((await readFailure(ask(await startDeliveryService(store)).getEvent("evt_1"))).code).toBe("UNAVAILABLE");
  });
});
