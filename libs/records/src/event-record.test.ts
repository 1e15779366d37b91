import type { Event } from "@postrider/domain-event";
import type { LogRecord } from "@postrider/kit-event-log";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeEvent, encodeEvent, encodeQuarantined, TOPICS } from "./index.ts";

const APPENDED_AT_MS = Date.UTC(2026, 0, 2, 3, 4, 5, 678);

const orderPaid: Event = {
  id: "evt_01",
  tenantId: "app-7",
  type: "order.paid",
  source: "https://shop.example/orders",
  timeMs: Date.UTC(2026, 0, 2, 3, 4, 5, 6),
  acceptedAtMs: APPENDED_AT_MS,
  contentType: "application/json",
  data: Buffer.from('{ "total" :\t1.50, "note":"caf\u00e9 😀" }\n'),
};

/** The record as a reader gets it. */
function append(event: Event): LogRecord {
  const { key = "", headers, value } = encodeEvent(event);
  return { partition: 0, offset: 9, key, headers, value, appendedAtMs: event.acceptedAtMs };
}

function foreign(changes: Record<string, string | undefined>, value: Uint8Array = orderPaid.data): LogRecord {
  const headers = Object.entries({ ...append(orderPaid).headers, ...changes });
  const kept = headers.filter((header): header is [string, string] => header[1] !== undefined);
  return { ...append(orderPaid), headers: Object.fromEntries(kept), value };
}

function reasonOf(record: LogRecord): string {
  const decoded = decodeEvent(record);
  if (decoded.kind === "event") throw new Error("the record was taken for an event");
  return decoded.reason;
}

describe("an event in the log", () => {
  test("is a CloudEvent in Kafka's binary mode, with the data untouched as the value", () => {
    expect(encodeEvent({ ...orderPaid, orderingKey: "order-1" })).toStrictEqual({
      topic: "postrider.events",
      key: "order-1",
      headers: {
        ce_specversion: "1.0",
        ce_id: "evt_01",
        ce_type: "order.paid",
        ce_source: "https://shop.example/orders",
        ce_time: "2026-01-02T03:04:05.006Z",
        ce_tenantid: "app-7",
        ce_partitionkey: "order-1",
        "content-type": "application/json",
      },
      value: orderPaid.data,
    });
  });

  test("is keyed by its id where it has no ordering key", () => {
    const { key, headers } = encodeEvent(orderPaid);
    expect(key).toBe("evt_01");
    expect(headers).not.toHaveProperty("ce_partitionkey");
  });

  test.each([
    ["plain", orderPaid],
    ["with a percent-encoded source", { ...orderPaid, source: "urn:caf%C3%A9:%F0%9F%98%80?a=1#b" }],
    ["with an ordering key beyond ASCII", { ...orderPaid, orderingKey: "Bestellung Nº 7 – 😀 日本" }],
    [
      "that is not JSON",
      { ...orderPaid, contentType: "application/octet-stream", data: Buffer.from([0, 255, 10, 128]) },
    ],
    ["without bytes", { ...orderPaid, contentType: "text/plain; charset=utf-8", data: new Uint8Array() }],
  ])("comes back as it was: %s", (_, event) => {
    expect(decodeEvent(append(event))).toEqual({ kind: "event", event });
  });

  test("carries any bytes and any time within its range", () => {
    const timeMs = fc.integer({ min: 0, max: Date.UTC(9999, 11, 31, 23, 59, 59, 999) });
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), timeMs, (data, time) => {
        const event = { ...orderPaid, data, timeMs: time };
        expect(decodeEvent(append(event))).toEqual({ kind: "event", event });
      }),
    );
  });

  test("was accepted when the log appended it, and happened then too if it does not say", () => {
    const decoded = decodeEvent(foreign({ ce_time: undefined }));
    expect(decoded).toMatchObject({ event: { timeMs: APPENDED_AT_MS, acceptedAtMs: APPENDED_AT_MS } });
  });

  test("of another producer may leave out the content type and give its time with an offset and nanoseconds", () => {
    const decoded = decodeEvent(foreign({ "content-type": undefined, ce_time: "2026-01-02T05:04:05.006999999+02:00" }));
    expect(decoded).toMatchObject({ event: { contentType: "application/json", timeMs: orderPaid.timeMs } });
  });
});

describe("a record that is no event", () => {
  test.each([
    ["no id", { ce_id: undefined }, "ce_id is missing"],
    ["an empty id", { ce_id: "" }, "ce_id is missing"],
    ["an id that no header can carry", { ce_id: "a.b" }, 'event.id: "a.b" is not'],
    ["no specversion", { ce_specversion: undefined }, "ce_specversion should be 1.0"],
    ["another specversion", { ce_specversion: "0.3" }, "ce_specversion should be 1.0"],
    ["a time that is none", { ce_time: "yesterday" }, 'ce_time "yesterday" should be an RFC 3339 time'],
    ["a time without a zone", { ce_time: "2026-01-02T03:04:05" }, "should be an RFC 3339 time"],
    ["a number as its time", { ce_time: "1" }, 'ce_time "1" should be an RFC 3339 time'],
    ["a day that does not exist", { ce_time: "2026-13-01T00:00:00Z" }, "should be an RFC 3339 time"],
    ["a time before 1970", { ce_time: "1969-12-31T23:59:59Z" }, "event.time: -1000 ms"],
    ["no tenant", { ce_tenantid: undefined }, "event.tenant_id: is required"],
    ["a tenant that is none", { ce_tenantid: "a b" }, 'event.tenant_id: "a b"'],
    ["no type", { ce_type: undefined }, "event.type: is required"],
    ["a source that is no URI reference", { ce_source: "caf\u00e9" }, "event.source:"],
    ["a content type that is none", { "content-type": "json\r\nx: y" }, "event.content_type:"],
    ["an ordering key with control characters", { ce_partitionkey: "a\u0000" }, "event.ordering_key:"],
  ])("says why: %s", (_, changes, reason) => {
    expect(reasonOf(foreign(changes))).toContain(reason);
  });

  test("says why: too large", () => {
    expect(decodeEvent(foreign({}, Buffer.alloc(262_144))).kind).toBe("event");
    expect(reasonOf(foreign({}, Buffer.alloc(262_145)))).toBe("event.data: 262145 bytes are more than 262144");
  });

  test("names everything that is wrong at once", () => {
    expect(reasonOf(foreign({ ce_tenantid: "", ce_type: "?" }))).toMatch(/^event\.tenant_id: .*; event\.type: /);
  });

  test("is kept whole in quarantine, with the reason and where it stood", () => {
    const record = foreign({ ce_id: undefined, extra: "kept" }, Buffer.from([1, 2, 3]));
    expect(encodeQuarantined(record, "ce_id is missing")).toEqual({
      topic: TOPICS.quarantine,
      headers: { ...record.headers, "postrider-reason": "ce_id is missing", "postrider-offset": "9" },
      value: record.value,
    });
  });
});
