import type { Event } from "@postrider/domain-event";
import { describe, expect, test } from "vitest";
import {
  decodeDeadLetter,
  decodeDeferredDelivery,
  deliveryIdOf,
  encodeDeadLetter,
  encodeDeferredDelivery,
  encodeQuarantinedTask,
  TOPICS,
} from "./index.ts";

const json: Event = {
  id: "evt_1",
  tenantId: "app-7",
  type: "order.paid",
  source: "urn:caf%C3%A9",
  timeMs: 1_767_323_045_000,
  acceptedAtMs: 1_767_323_045_100,
  contentType: "application/json",
  data: Buffer.from('{ "a": 1 }\n'),
};
const keyed: Event = { ...json, orderingKey: "Bestellung 😀" };
/** A view into a larger buffer: only its own bytes may be kept. */
const binary: Event = {
  ...json,
  contentType: "application/octet-stream",
  data: Buffer.from([9, 9, 0, 255, 128, 9]).subarray(2, 5),
};
const events = [json, keyed, binary];

describe("a deferred delivery", () => {
  test.each(events)("comes back with the whole event", (event) => {
    const delivery = { event, subscriptionId: "sub_1", nextAttempt: 3 };
    expect(decodeDeferredDelivery(encodeDeferredDelivery(delivery))).toEqual(delivery);
  });

  test("remembers since when it is held, if it is", () => {
    const notHeld = { event: json, subscriptionId: "sub_1", nextAttempt: 1 };
    const held = { ...notHeld, heldSinceMs: 1_767_323_046_000 };
    expect(decodeDeferredDelivery(encodeDeferredDelivery(held))).toEqual(held);
    expect(decodeDeferredDelivery(encodeDeferredDelivery(notHeld))).not.toHaveProperty("heldSinceMs");
  });

  test("is refused without its event", () => {
    expect(() => decodeDeferredDelivery(new Uint8Array())).toThrow("a deferred delivery without an event");
    expect(() => decodeDeferredDelivery(Buffer.from("no protobuf"))).toThrow();
  });
});

test("a task that is no delivery is kept whole in quarantine, with the reason", () => {
  const task = { key: "sub_1", value: Buffer.from([1, 2, 3]), dueAtMs: 1_767_323_046_000 };
  expect(encodeQuarantinedTask(task, "it has no event")).toStrictEqual({
    topic: TOPICS.quarantine,
    key: "sub_1",
    headers: { "postrider-reason": "it has no event" },
    value: task.value,
  });
});

describe("a dead letter", () => {
  test.each(events)("comes back with the whole event", (event) => {
    const letter = {
      event,
      subscriptionId: "sub_1",
      deliveryId: deliveryIdOf(event.id, "sub_1"),
      attempts: 13,
      reason: "exhausted",
      diedAtMs: 1_767_400_000_000,
    };
    const { topic, key, value } = encodeDeadLetter(letter);
    expect({ topic, key }).toEqual({ topic: TOPICS.deadLetters, key: "sub_1" });
    expect(decodeDeadLetter(value)).toEqual(letter);
  });

  test("is refused without its event", () => {
    expect(() => decodeDeadLetter(new Uint8Array())).toThrow("a dead letter without an event");
  });
});
