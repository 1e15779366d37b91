import type { UntypedServiceImplementation } from "@grpc/grpc-js";
import {
  type EventType,
  type EventTypeChange,
  EventTypeServiceService,
  type GetEventTypeRequest,
  type WatchEventTypesRequest,
} from "@postrider/contracts/postrider/v1/event_type";
import { systemClock } from "@postrider/kit-lifecycle";
import { RpcError, type RpcServer, serverStream, startRpcServer, unary } from "@postrider/kit-rpc";
import { accessForEverybody } from "@postrider/kit-rpc/testing";
import { createLogger } from "@postrider/kit-telemetry";
import { createWatchers } from "@postrider/testing";
import { expect, onTestFinished, test } from "vitest";
import { createEventTypeCache, type EventTypeCache } from "../event-type-cache.ts";
import { connectCatalog } from "./catalog-client.ts";

/** What users are promised for a change while the service is there. */
const IN_FORCE_MS = 1000;

/** A catalog in memory, as a real gRPC server. */
class CatalogServer {
  readonly schemas = new Map<string, string>();
  readonly #log: EventTypeChange[] = [{ revision: 1n, name: "" }];
  readonly #watchers = createWatchers();
  #server: RpcServer | undefined;

  get address(): string {
    return this.#server?.address ?? "127.0.0.1:0";
  }

  /** Starts it, on the port that it had if it was started before. */
  async start(): Promise<void> {
    const implementation: UntypedServiceImplementation = {
      ...Object.fromEntries(Object.keys(EventTypeServiceService).map((name) => [name, unary(refuse)])),
      getEventType: unary(async ({ name }: GetEventTypeRequest) => Promise.resolve({ eventType: this.#get(name) })),
      watchEventTypes: serverStream((request: WatchEventTypesRequest, signal) => this.#watch(request, signal)),
    };
    const definition = EventTypeServiceService;
    const access = accessForEverybody(definition);
    const service = { name: "postrider.v1.EventTypeService", definition, implementation, access };
    this.#server = await startRpcServer({ address: this.address, services: [service], maxMessageBytes: 1024 * 1024 });
  }

  async stop(): Promise<void> {
    await this.#server?.close(0);
  }

  change(name: string, schema: string): void {
    this.schemas.set(name, schema);
    this.#log.push({ revision: BigInt(this.#log.length + 1), name });
    this.#watchers.changed();
  }

  async *#watch({ afterRevision }: WatchEventTypesRequest, signal: AbortSignal): AsyncGenerator<EventTypeChange> {
    signal.addEventListener("abort", this.#watchers.changed);
    let told = afterRevision === 0n ? this.#log.length : Number(afterRevision);
    yield this.#log[told] ?? { revision: BigInt(told), name: "" };
    if (told < this.#log.length) told += 1;
    while (!signal.aborted) {
      await this.#watchers.waitUntil(
        () => signal.aborted || told < this.#log.length,
        () => "nothing changed",
        60_000,
      );
      for (const change of this.#log.slice(told)) yield change;
      told = this.#log.length;
    }
  }

  #get(name: string): EventType {
    const schema = this.schemas.get(name);
    if (schema === undefined) throw new RpcError("not_found", `no event type ${name}`);
    const times = { createTime: undefined, updateTime: undefined };
    return {
      name,
      description: "",
      schema,
      examples: [],
      acknowledgement: "",
      deprecated: false,
      version: 1,
      ...times,
    };
  }
}

async function refuse(): Promise<never> {
  return Promise.reject(new Error("ingest does not call this"));
}

async function startCache(server: CatalogServer): Promise<EventTypeCache> {
  const catalog = connectCatalog({ address: server.address });
  const logger = createLogger({ service: "test", level: "silent" });
  const cache = createEventTypeCache({ catalog, clock: systemClock, random: () => 0.5, logger });
  const stop = new AbortController();
  const ended = cache.run(stop.signal);
  onTestFinished(async () => {
    stop.abort();
    await ended;
    await catalog.close();
  });
  await untilTrue(() => cache.state().isWatching);
  return cache;
}

/** The cache tells nobody when it has heard of something: it is looked at, as each event does. */
async function untilTrue(isTrue: () => boolean | Promise<boolean>): Promise<number> {
  const startedMs = performance.now();
  while (!(await isTrue())) {
    if (performance.now() - startedMs > 10_000) throw new Error("not so within 10 s");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return performance.now() - startedMs;
}

test("an event type that was unknown is usable within a second of its making, and a changed one is in force", async () => {
  const server = new CatalogServer();
  await server.start();
  onTestFinished(async () => server.stop());
  const cache = await startCache(server);
  expect(await cache.find("order_paid")).toBeUndefined();
  server.change("order_paid", "");
  expect(await untilTrue(async () => (await cache.find("order_paid")) !== undefined)).toBeLessThan(IN_FORCE_MS);
  const before = await cache.find("order_paid");
  server.change("order_paid", '{"type":"number"}');
  expect(await untilTrue(async () => (await cache.find("order_paid")) !== before)).toBeLessThan(IN_FORCE_MS);
});

test("while the service is away known types go on and others are unavailable; once it is back, all are as they are", async () => {
  const server = new CatalogServer();
  await server.start();
  onTestFinished(async () => server.stop());
  server.change("order_paid", "");
  const cache = await startCache(server);
  const known = await cache.find("order_paid");
  await server.stop();
  await untilTrue(() => !cache.state().isWatching);
  server.change("order_sent", "");
  server.change("order_paid", '{"type":"number"}');
  expect(cache.find("order_paid")).toBe(known);
  await expect(cache.find("order_sent")).rejects.toMatchObject({ code: "unavailable", retryDelayMs: 1000 });
  await server.start();
  await untilTrue(() => cache.state().revision === 4n);
  expect(await cache.find("order_paid")).not.toBe(known);
  expect(await cache.find("order_sent")).toMatchObject({ name: "order_sent" });
});
