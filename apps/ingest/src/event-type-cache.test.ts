import type { EventType, EventTypeChange } from "@postrider/contracts/postrider/v1/event_type";
import { createLogger } from "@postrider/kit-telemetry";
import { createWatchers, FakeClock } from "@postrider/testing";
import { describe, expect, onTestFinished, test } from "vitest";
import type { Catalog } from "./catalog.ts";
import { createEventTypeCache, type EventTypeCache } from "./event-type-cache.ts";

/** A catalog that counts the questions, answers what the test says, and tells of changes while it is watched. */
class TestCatalog implements Catalog {
  readonly asked: string[] = [];
  answer: (name: string) => Promise<EventType | undefined> = async (name) => eventType(name);
  readonly #told: EventTypeChange[] = [{ revision: 1n, name: "" }];
  readonly #watchers = createWatchers();

  readonly getEventType = async (name: string): Promise<EventType | undefined> => {
    this.asked.push(name);
    return this.answer(name);
  };

  readonly watchEventTypes = async function* (this: TestCatalog, _: object, signal: AbortSignal) {
    signal.addEventListener("abort", this.#watchers.changed);
    for (let next = 0; ; next += 1) {
      await this.#watchers.waitUntil(
        () => next < this.#told.length || signal.aborted,
        () => "no change came",
      );
      const change = this.#told[next];
      if (signal.aborted || !change) return;
      yield change;
    }
  }.bind(this);

  async change(name: string): Promise<void> {
    this.#told.push({ revision: BigInt(this.#told.length + 1), name });
    this.#watchers.changed();
    await settle();
  }
}

function eventType(name: string, schema = ""): EventType {
  const times = { createTime: undefined, updateTime: undefined };
  return { name, description: "", schema, examples: [], acknowledgement: "", deprecated: false, version: 1, ...times };
}

async function settle(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

async function startCache(): Promise<{ catalog: TestCatalog; cache: EventTypeCache }> {
  const [catalog, clock, stop] = [new TestCatalog(), new FakeClock(), new AbortController()];
  const logger = createLogger({ service: "test", level: "silent" });
  const cache = createEventTypeCache({ catalog, clock, logger, random: () => 0.5 });
  void cache.run(stop.signal);
  onTestFinished(() => {
    stop.abort();
  });
  await settle();
  return { catalog, cache };
}

describe("the cache of event types", () => {
  test("asks the catalog once for many events, and then knows without even a promise", async () => {
    const { catalog, cache } = await startCache();
    const [first, second] = await Promise.all([cache.find("order_paid"), cache.find("order_paid")]);
    expect(first).toBe(second);
    expect(cache.find("order_paid")).toBe(first);
    expect(catalog.asked).toEqual(["order_paid"]);
  });

  test("remembers that the catalog has no such name, until it has", async () => {
    const { catalog, cache } = await startCache();
    catalog.answer = async () => undefined;
    expect(await cache.find("order_paid")).toBeUndefined();
    expect(cache.find("order_paid")).toBeUndefined();
    expect(catalog.asked).toHaveLength(1);
    catalog.answer = async (name) => eventType(name);
    await catalog.change("order_paid");
    expect(await cache.find("order_paid")).toMatchObject({ name: "order_paid" });
  });

  test("asks again after a change, and only for what changed", async () => {
    const { catalog, cache } = await startCache();
    await cache.find("order_paid");
    await cache.find("order_sent");
    catalog.answer = async (name) => eventType(name, '{"type":"number"}');
    await catalog.change("order_paid");
    const changed = await cache.find("order_paid");
    await cache.find("order_sent");
    expect(catalog.asked).toEqual(["order_paid", "order_sent", "order_paid"]);
    expect(changed?.checkData(Buffer.from('"text"'), "application/json")).toMatchObject({ field: "event.data" });
  });

  test("says at once that what it does not know can't be told while the catalog is away, and asks anew for the next", async () => {
    const { catalog, cache } = await startCache();
    const known = await cache.find("order_sent");
    const away = new Error("away");
    catalog.answer = async () => Promise.reject(away);
    await expect(cache.find("order_paid")).rejects.toMatchObject({
      ...{ code: "unavailable", retryDelayMs: 1000, cause: away },
      message: expect.stringContaining('"order_paid"') as string,
    });
    expect(cache.find("order_sent")).toBe(known);
    catalog.answer = async (name) => eventType(name);
    expect(await cache.find("order_paid")).toMatchObject({ name: "order_paid" });
  });

  test("a schema that can't be used refuses every event of its type, and says why", async () => {
    const { catalog, cache } = await startCache();
    catalog.answer = async (name) => eventType(name, '{"pattern":"(?=a)b"}');
    const known = await cache.find("order_paid");
    expect(known?.checkData(Buffer.from('"b"'), "application/json")).toEqual({
      field: "event.type",
      description: expect.stringContaining(
        "its schema can't be used, update it in the catalog: it can't be compiled",
      ) as string,
    });
  });

  test("keeps so many names that made-up ones can't fill the memory, and those in use", async () => {
    const { catalog, cache } = await startCache();
    const used = await cache.find("order_paid");
    catalog.answer = async () => undefined;
    for (let index = 0; index <= 20_000; index += 1) {
      await cache.find(`t${index}`);
      expect(cache.find("order_paid")).toBe(used);
    }
    expect(cache.state().entries).toBeLessThanOrEqual(20_000);
  });
});
