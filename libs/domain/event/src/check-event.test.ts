import { expect, test } from "vitest";
import { checkEvent, type EventCandidate } from "./check-event.ts";
import { MAX_EVENT_DATA_BYTES } from "./event.ts";

const good: EventCandidate = { tenantId: "acme", type: "order.paid", dataBytes: 2 };

function fieldsOf(candidate: EventCandidate): string[] {
  return checkEvent(candidate).map(({ field }) => field);
}

test("takes the least that a producer must give", () => {
  expect(checkEvent(good)).toEqual([]);
});

test("takes everything at its bound", () => {
  const event = {
    id: "a".repeat(64),
    tenantId: "t".repeat(64),
    type: "x".repeat(128),
    source: "s".repeat(256),
    timeMs: Date.UTC(9999, 11, 31, 23, 59, 59, 999),
    contentType: `a/${"b".repeat(126)}`,
    orderingKey: "k".repeat(256),
    dataBytes: MAX_EVENT_DATA_BYTES,
  };
  expect(checkEvent(event)).toEqual([]);
});

test("treats empty optional texts as not given", () => {
  expect(checkEvent({ ...good, id: "", source: "", contentType: "", orderingKey: "" })).toEqual([]);
});

test("names every field that is wrong, as the proto names it", () => {
  const event = {
    id: "a.b",
    tenantId: "",
    type: "1st",
    source: "two words",
    timeMs: -1,
    contentType: "json",
    orderingKey: "a\nb",
  };
  expect(fieldsOf(event)).toEqual([
    "event.id",
    "event.tenant_id",
    "event.type",
    "event.time",
    "event.source",
    "event.data",
    "event.content_type",
    "event.ordering_key",
  ]);
});

test.each([
  [{ id: "a".repeat(65) }, "event.id"],
  [{ tenantId: "a b" }, "event.tenant_id"],
  [{ type: "x".repeat(129) }, "event.type"],
  [{ timeMs: Number.NaN }, "event.time"],
  [{ timeMs: Date.UTC(10000, 0, 1) }, "event.time"],
  [{ source: "s".repeat(257) }, "event.source"],
  [{ source: "a\r\nx: y" }, "event.source"],
  [{ source: "100%" }, "event.source"],
  [{ source: "bücher" }, "event.source"],
  [{ contentType: "text/plain\r\nx: y" }, "event.content_type"],
  [{ contentType: `a/${"b".repeat(127)}` }, "event.content_type"],
  [{ orderingKey: "k".repeat(257) }, "event.ordering_key"],
  [{ orderingKey: "\ud800" }, "event.ordering_key"],
  [{ dataBytes: MAX_EVENT_DATA_BYTES + 1 }, "event.data"],
])("refuses %j", (change, field) => {
  expect(fieldsOf({ ...good, ...change })).toEqual([field]);
});

test("says the value, cut to 64 characters, and the bound", () => {
  const [violation] = checkEvent({ ...good, id: "x".repeat(1000) });
  expect(violation?.description).toBe(`"${"x".repeat(63)}…" is not 1 to 64 letters, digits, "_" or "-"`);
});

test("says how many bytes are too many", () => {
  expect(checkEvent({ ...good, dataBytes: 300_000 })[0]?.description).toBe("300000 bytes are more than 262144");
});
