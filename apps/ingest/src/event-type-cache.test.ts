import type { EventType } from "@postrider/contracts/postrider/v1/event_type";
import { deferredPromise } from "@postrider/testing";
import { describe, expect, test } from "vitest";
import type { Catalog } from "./catalog.ts";
import { createEventTypeCache } from "./event-type-cache.ts";

/** A catalog that counts the questions, and answers when and what the test says. */
function createCatalog(): Catalog & {
  readonly asked: string[];
  readonly change: (name: string) => void;
  answer: (name: string) => Promise<EventType | undefined>;
} {
  const listeners = new Set<(name: string) => void>();
  const asked: string[] = [];
  return {
    asked,
    answer: async (name) => eventType(name),
    getEventType(name) {
      asked.push(name);
      return this.answer(name);
    },
    onEventTypeChanged: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    change: (name) => {
      for (const listener of listeners) listener(name);
    },
  };
}

function eventType(name: string, schema = ""): EventType {
  const times = { createTime: undefined, updateTime: undefined };
  return { name, description: "", schema, examples: [], acknowledgement: "", deprecated: false, version: 1, ...times };
}

describe("the cache of event types", () => {
  test("asks the catalog once for many events, also for those that come while the question is out", async () => {
    const catalog = createCatalog();
    const { promise, resolve } = deferredPromise<EventType>();
    catalog.answer = async () => promise;
    const cache = createEventTypeCache(catalog);
    const asking = cache.find("order_paid");
    const askingToo = cache.find("order_paid");
    resolve(eventType("order_paid"));
    const [first, second] = [await asking, await askingToo];
    expect(first).toBe(second);
    // Known now: without even a promise, and with the same compiled check.
    expect(cache.find("order_paid")).toBe(first);
    expect(catalog.asked).toEqual(["order_paid"]);
  });

  test("remembers that the catalog has no such name, until it has", async () => {
    const catalog = createCatalog();
    catalog.answer = async () => undefined;
    const cache = createEventTypeCache(catalog);
    expect(await cache.find("order_paid")).toBeUndefined();
    expect(await cache.find("order_paid")).toBeUndefined();
    expect(catalog.asked).toHaveLength(1);
    catalog.answer = async (name) => eventType(name);
    catalog.change("order_paid");
    expect(await cache.find("order_paid")).toMatchObject({ name: "order_paid" });
  });

  test("asks again after a change, and only for what changed", async () => {
    const catalog = createCatalog();
    const cache = createEventTypeCache(catalog);
    await cache.find("order_paid");
    await cache.find("order_sent");
    catalog.answer = async (name) => eventType(name, '{"type":"number"}');
    catalog.change("order_paid");
    const changed = await cache.find("order_paid");
    await cache.find("order_sent");
    expect(catalog.asked).toEqual(["order_paid", "order_sent", "order_paid"]);
    expect(changed?.checkData(Buffer.from('"text"'), "application/json")).toMatchObject({ field: "event.data" });
  });

  test("does not keep an answer that a change has overtaken", async () => {
    const catalog = createCatalog();
    const old = deferredPromise<EventType | undefined>();
    catalog.answer = async () => old.promise;
    const cache = createEventTypeCache(catalog);
    const overtaken = cache.find("order_paid");
    catalog.change("order_paid");
    catalog.answer = async (name) => eventType(name);
    const fresh = cache.find("order_paid");
    old.resolve(undefined);
    expect(await overtaken).toBeUndefined();
    expect(await fresh).toMatchObject({ name: "order_paid" });
    expect(await cache.find("order_paid")).toMatchObject({ name: "order_paid" });
    expect(catalog.asked).toHaveLength(2);
  });

  test("does not keep a failure", async () => {
    const catalog = createCatalog();
    catalog.answer = async () => Promise.reject(new Error("away"));
    const cache = createEventTypeCache(catalog);
    await expect(cache.find("order_paid")).rejects.toThrow("away");
    catalog.answer = async (name) => eventType(name);
    expect(await cache.find("order_paid")).toMatchObject({ name: "order_paid" });
  });

  test("keeps the latest 10,000 names, so that made-up ones can't fill the memory", async () => {
    const catalog = createCatalog();
    catalog.answer = async () => undefined;
    const cache = createEventTypeCache(catalog);
    for (let index = 0; index <= 10_000; index += 1) await cache.find(`t${index}`);
    await cache.find("t10000");
    await cache.find("t1");
    expect(catalog.asked).toHaveLength(10_001);
    await cache.find("t0");
    expect(catalog.asked).toHaveLength(10_002);
  });
});
