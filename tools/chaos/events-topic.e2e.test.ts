// Must hold: the events topic speaks CloudEvents to everyone, what is malformed blocks nothing, dead letters are whole,
// and an id that is published again is delivered once.
import { DeadLetter } from "@postrider/contracts/postrider/log/v1/delivery";
import { findStack, type Receiver, startReceiver } from "@postrider/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DEAD_LETTERS, EVENTS, QUARANTINE } from "./platform/kafka-view.ts";
import { openPlatform, type Platform } from "./platform/open-platform.ts";
import type { TopicRecord } from "./platform/read-topic.ts";
import { countReceipts, eventIdOf, untilReceived } from "./platform/receipts.ts";

const stack = findStack();

describe.skipIf(stack === undefined)("the events topic", () => {
  let platform: Platform;
  let receiver: Receiver;

  beforeAll(async () => {
    if (!stack) return;
    platform = await openPlatform({ stack });
    receiver = await startReceiver();
    await platform.client.createSubscription({ url: receiver.url, tenantId: "acme" });
  });
  afterAll(async () => {
    await platform.close();
    await receiver.close();
  });

  /** Headers of a CloudEvent in Kafka's binary mode; undefined leaves one out. */
  function cloudEvent(id: string, changes: Readonly<Record<string, string | undefined>> = {}): Record<string, string> {
    const all: Record<string, string | undefined> = {
      ce_specversion: "1.0",
      ce_id: id,
      ce_type: "order_paid",
      ce_source: "https://shop.example/orders",
      ce_time: "2026-01-02T03:04:05.678Z",
      ce_tenantid: "acme",
      "content-type": "application/json",
      ...changes,
    };
    return Object.fromEntries(Object.entries(all).filter((pair): pair is [string, string] => pair[1] !== undefined));
  }

  function requestsOf(id: string): Receiver["requests"] {
    return receiver.requests.filter((request) => eventIdOf(request) === id);
  }

  test("a CloudEvent of any Kafka client is delivered like one from ingest", async () => {
    const value = '{"order": "A-1",  "total": 12.50}';
    await platform.kafka.append(EVENTS, [{ headers: cloudEvent("foreign-1"), value }]);
    await platform.client.publish({ id: "own-1", tenantId: "acme", data: { order: "A-1" } });
    await untilReceived(receiver, ["foreign-1", "own-1"]);
    const [foreign, own] = [requestsOf("foreign-1")[0], requestsOf("own-1")[0]];
    expect(Object.keys(foreign?.headers ?? {}).sort()).toEqual(Object.keys(own?.headers ?? {}).sort());
    expect(JSON.parse(String(foreign?.body))).toEqual({
      type: "order_paid",
      timestamp: "2026-01-02T03:04:05.678Z",
      data: { order: "A-1", total: 12.5 },
    });
    // The bytes of the data are nobody's business.
    expect(String(foreign?.body)).toContain(value);
  });

  test("it may come compressed, in a way that a dispatcher can't read", async () => {
    const records = ["packed-1", "packed-2"].map((id) => ({ headers: cloudEvent(id), value: '{"a":1}' }));
    await platform.kafka.append(EVENTS, records, true);
    await untilReceived(receiver, ["packed-1", "packed-2"]);
  });

  test("a malformed one goes to quarantine with its reason, and holds up nothing behind it", async () => {
    const malformed = [
      ["no tenant", cloudEvent("bad-1", { ce_tenantid: undefined }), "tenant_id"],
      ["an old version", cloudEvent("bad-2", { ce_specversion: "0.3" }), "ce_specversion should be 1.0"],
      ["no CloudEvent at all", {}, "ce_"],
    ] as const;
    const records = malformed.map(([name, headers]) => ({ key: "one-partition", headers, value: name }));
    await platform.kafka.append(EVENTS, [
      ...records,
      { key: "one-partition", headers: cloudEvent("behind"), value: '{"a":1}' },
    ]);
    await untilReceived(receiver, ["behind"]);
    const kept = await untilThere(QUARANTINE, malformed.length);
    for (const [name, , reason] of malformed) {
      const record = kept.find(({ value }) => String(value) === name);
      expect(record?.headers["postrider-reason"], name).toContain(reason);
    }
    expect(requestsOf("bad-1")).toEqual([]);
  });

  test("a dead letter has the whole delivery and its reason", async () => {
    const refusing = await startReceiver({ answer: { status: 500 } });
    const { id } = await platform.client.createSubscription({
      ...{ url: refusing.url, tenantId: "gloomy", retryDelaysMs: [100, 100] },
    });
    await platform.client.publish({ id: "doomed", tenantId: "gloomy", orderingKey: "o-1", data: { a: [1, "é"] } });
    await refusing.waitFor(3);
    const [record] = await untilThere(DEAD_LETTERS, 1);
    const letter = DeadLetter.decode(record?.value ?? Buffer.alloc(0));
    expect(letter).toMatchObject({ subscriptionId: id, attempts: 3, reason: "exhausted" });
    expect(letter.deliveryId).toMatch(/^dlv_[0-9a-f]{32}$/);
    expect(letter.event).toMatchObject({
      ...{ id: "doomed", tenantId: "gloomy", type: "order_paid", orderingKey: "o-1" },
      contentType: "application/json",
    });
    expect(String(letter.event?.data)).toBe('{"a":[1,"é"]}');
    expect(Number(letter.diedAtMs)).toBeGreaterThan(Number(letter.event?.acceptedAtMs));
    await refusing.close();
  });

  test("an id that is published again is delivered once, also after the dispatcher was killed or stopped", async () => {
    const orderingKey = "same-partition";
    let again = 0;
    /** Publishes the id again; what comes behind it in its partition tells that it was dealt with. */
    async function publishAgain(): Promise<void> {
      await platform.client.publish({ id: "twice", tenantId: "acme", orderingKey });
      const marker = `marker-${again++}`;
      await platform.client.publish({ id: marker, tenantId: "acme", orderingKey });
      await untilReceived(receiver, ["twice", marker]);
      expect(countReceipts(receiver).get("twice")).toBe(1);
    }
    await publishAgain();
    await publishAgain();
    let [dispatcher] = platform.services.dispatchers;
    for (const signal of ["SIGTERM", "SIGKILL"] as const) {
      if (!dispatcher) throw new Error("no dispatcher");
      await dispatcher.stop(signal);
      dispatcher = await platform.services.startAgain(dispatcher);
      await publishAgain();
    }
    // The same id of another tenant is another event.
    const other = await startReceiver();
    await platform.client.createSubscription({ url: other.url, tenantId: "other" });
    await platform.client.publish({ id: "twice", tenantId: "other", orderingKey });
    await untilReceived(other, ["twice"]);
    await other.close();
  });

  /** What stands in the topic as soon as there are so many. */
  async function untilThere(topic: string, count: number): Promise<readonly TopicRecord[]> {
    return await expect
      .poll(async () => platform.kafka.readAll(topic), { timeout: 20_000 })
      .toSatisfy((records: readonly TopicRecord[]) => records.length >= count)
      .then(async () => platform.kafka.readAll(topic));
  }
});
