import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ClientDuplexStream, credentials, status } from "@grpc/grpc-js";
import type { EventType, EventTypeChange } from "@postrider/contracts/postrider/v1/event_type";
import {
  type Event as EventMessage,
  IngestServiceClient,
  type PublishResponse,
  type PublishResult,
  type PublishStreamRequest,
  type PublishStreamResponse,
} from "@postrider/contracts/postrider/v1/ingest";
import {
  type AppendRecord,
  eventLogSchema,
  LogError,
  type LogWriter,
  openSqliteEventLog,
} from "@postrider/kit-event-log";
import { createSystemRandom, systemClock } from "@postrider/kit-lifecycle";
import { call, readErrorDetails, startRpcServer, UNEXPECTED_CHANNEL } from "@postrider/kit-rpc";
import { openSqlite } from "@postrider/kit-sqlite";
import { createLogger, createRegistry } from "@postrider/kit-telemetry";
import { decodeEvent, TOPICS } from "@postrider/records";
import { createWatchers, deferredPromise, FakeClock } from "@postrider/testing";
import { afterEach, describe, expect, onTestFinished, test } from "vitest";
import type { Catalog } from "./catalog.ts";
import { createIngest } from "./index.ts";

const APPENDED_AT_MS = Date.UTC(2026, 0, 1, 0, 0, 1);
const SCHEMA = JSON.stringify({
  type: "object",
  required: ["total"],
  properties: { total: { type: "number" }, lines: { type: "array", items: { type: "object", required: ["sku"] } } },
});

/** A log in memory; `answer` decides when and how an append ends. */
class TestLog implements LogWriter {
  readonly appended: AppendRecord[] = [];
  answer: () => Promise<{ appendedAtMs: number }> = async () => ({ appendedAtMs: APPENDED_AT_MS });
  readonly #watchers = createWatchers();

  readonly append = async (records: readonly AppendRecord[]): Promise<{ appendedAtMs: number }> => {
    this.appended.push(...records);
    this.#watchers.changed();
    return this.answer();
  };

  /** Keeps every append waiting; the returned function lets all of them become durable. */
  hold(): () => void {
    const { promise, resolve } = deferredPromise<{ appendedAtMs: number }>();
    this.answer = async () => promise;
    return () => {
      resolve({ appendedAtMs: APPENDED_AT_MS });
    };
  }

  async untilAppended(count: number): Promise<void> {
    const describeState = (): string => `${this.appended.length} records were appended, not ${count}`;
    await this.#watchers.waitUntil(() => this.appended.length >= count, describeState);
  }
}

/** A catalog in memory that tells of its changes, and counts how often it was asked. */
class TestCatalog implements Catalog {
  readonly schemas = new Map([
    ["order_paid", SCHEMA],
    ["anything", ""],
  ]);
  asked = 0;
  isAway = false;
  readonly #told: EventTypeChange[] = [{ revision: 1n, name: "" }];
  readonly #watchers = createWatchers();
  #takenCount = 0;

  readonly getEventType = async (name: string): Promise<EventType | undefined> => {
    if (this.isAway) throw new Error("away");
    this.asked += 1;
    const schema = this.schemas.get(name);
    const rest = { description: "", examples: [], acknowledgement: "", deprecated: false, version: 1 };
    return schema === undefined ? undefined : { name, schema, ...rest, createTime: undefined, updateTime: undefined };
  };

  readonly watchEventTypes = async function* (this: TestCatalog, _: object, signal: AbortSignal) {
    signal.addEventListener("abort", this.#watchers.changed);
    for (let next = 0; ; next += 1) {
      this.#takenCount = next;
      this.#watchers.changed();
      await this.#watchers.waitUntil(
        () => next < this.#told.length || signal.aborted,
        () => "no change came",
        60_000,
      );
      const change = this.#told[next];
      if (signal.aborted || !change) return;
      yield change;
    }
  }.bind(this);

  /** Resolves when the change has been taken to heart. */
  async change(name: string, schema: string): Promise<void> {
    this.schemas.set(name, schema);
    this.#told.push({ revision: BigInt(this.#told.length + 1), name });
    this.#watchers.changed();
    await this.untilTold();
  }

  async untilTold(): Promise<void> {
    await this.#watchers.waitUntil(
      () => this.#takenCount === this.#told.length,
      () => "nobody watches the catalog",
    );
  }
}

interface Bench {
  readonly client: IngestServiceClient;
  readonly log: TestLog;
  readonly catalog: TestCatalog;
  readonly clock: FakeClock;
  readonly close: (graceMs: number) => Promise<void>;
  readonly metric: (line: string) => Promise<string | undefined>;
}

const opened: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const close of opened.splice(0).toReversed()) await close();
});

async function startIngest(publishRate = 0): Promise<Bench> {
  const log = new TestLog();
  return { log, ...(await serve(log, publishRate)) };
}

async function serve(writer: LogWriter, publishRate = 0): Promise<Omit<Bench, "log">> {
  const catalog = new TestCatalog();
  const clock = new FakeClock(Date.UTC(2026, 0, 1));
  const registry = createRegistry();
  const logger = createLogger({ service: "test", level: "silent" });
  const { services, cache } = createIngest({
    ...{ writer, catalog, clock, random: createSystemRandom(), registry, logger, publishRate },
  });
  const stop = new AbortController();
  const watching = cache.run(stop.signal);
  opened.push(async () => {
    stop.abort();
    await watching;
  });
  await catalog.untilTold();
  const server = await startRpcServer({ address: "127.0.0.1:0", services, maxMessageBytes: 4 * 1024 * 1024 });
  const client = new IngestServiceClient(server.address, credentials.createInsecure());
  opened.push(
    async () => server.close(0),
    () => {
      client.close();
    },
  );
  const metric = async (line: string): Promise<string | undefined> =>
    (await registry.metrics())
      .split("\n")
      .find((candidate) => candidate.startsWith(`${line} `))
      ?.slice(line.length + 1);
  return { client, catalog, clock, close: server.close, metric };
}

const empty: EventMessage = {
  ...{ id: "", tenantId: "", type: "", time: undefined, source: "", data: undefined, contentType: "", orderingKey: "" },
};

function event(changes: Partial<EventMessage> = {}): EventMessage {
  return { ...empty, tenantId: "app-7", type: "order_paid", data: json('{"total":1}'), ...changes };
}

function json(value: string): NonNullable<EventMessage["data"]> {
  return { $case: "jsonData", value };
}

function binary(bytes: Uint8Array | number[]): NonNullable<EventMessage["data"]> {
  return { $case: "binaryData", value: Buffer.from(bytes) };
}

function soon(): Date {
  return new Date(Date.now() + 20_000);
}

async function publish({ client }: Pick<Bench, "client">, message: EventMessage | undefined): Promise<PublishResponse> {
  return call(client.publish.bind(client), { event: message }, { deadline: soon() });
}

async function publishBatch({ client }: Bench, events: EventMessage[]): Promise<PublishResult[]> {
  const { results } = await call(client.publishBatch.bind(client), { events }, { deadline: soon() });
  return results;
}

async function failureOf(outcome: Promise<unknown>): Promise<ReturnType<typeof readErrorDetails>> {
  return outcome.then(
    () => {
      throw new Error("it was accepted");
    },
    (error: unknown) => readErrorDetails(error),
  );
}

function codeOf(result: PublishResult | undefined): string {
  if (result?.outcome?.$case === "accepted") return "accepted";
  return status[result?.outcome?.value.code ?? -1] ?? "no outcome";
}

/** The defects told to the operator during the test. */
function listenForDefects(): { readonly error: unknown; readonly method: string }[] {
  const told: { error: unknown; method: string }[] = [];
  const listen = (message: unknown): void => {
    told.push(message as { error: unknown; method: string });
  };
  subscribe(UNEXPECTED_CHANNEL, listen);
  onTestFinished(() => void unsubscribe(UNEXPECTED_CHANNEL, listen));
  return told;
}

describe("Publish", () => {
  test("answers only when the event is durable", async () => {
    const bench = await startIngest();
    const release = bench.log.hold();
    let hasAnswered = false;
    const answer = publish(bench, event()).finally(() => (hasAnswered = true));
    await bench.log.untilAppended(1);
    // A second call goes there and back on the same connection: an answer to the first would have come before its.
    await failureOf(publish(bench, undefined));
    expect(hasAnswered).toBe(false);
    release();
    expect((await answer).acceptedAt).toEqual(new Date(APPENDED_AT_MS));
  });

  test("keeps all that the producer gave, and the data byte for byte", async () => {
    const bench = await startIngest();
    const text = ' {"total" : 1.00,\n"note":"caf\u00e9 😀"}\t';
    const given = {
      id: "order-1_paid",
      time: new Date("2025-12-31T23:59:59.999Z"),
      source: "https://shop.example/orders",
      orderingKey: "Bestellung Nº 7",
      contentType: "application/json; charset=utf-8",
    };
    const { eventId } = await publish(bench, event({ ...given, data: json(text) }));
    expect(eventId).toBe("order-1_paid");
    expect(bench.log.appended).toEqual([
      {
        topic: TOPICS.events,
        key: "Bestellung Nº 7",
        headers: {
          ce_specversion: "1.0",
          ce_id: "order-1_paid",
          ce_type: "order_paid",
          ce_source: "https://shop.example/orders",
          ce_time: "2025-12-31T23:59:59.999Z",
          ce_tenantid: "app-7",
          ce_partitionkey: "Bestellung Nº 7",
          "content-type": "application/json; charset=utf-8",
        },
        value: Buffer.from(text),
      },
    ]);
  });

  test("completes what the producer left open: an id that sorts by time, the time, the source", async () => {
    const bench = await startIngest();
    const first = await publish(bench, event());
    bench.clock.advance(1);
    const second = await publish(bench, event());
    expect(first.eventId).toMatch(/^evt_[0-9a-z]{26}$/);
    expect(second.eventId > first.eventId).toBe(true);
    expect(bench.log.appended[0]).toMatchObject({
      key: first.eventId,
      headers: {
        ce_id: first.eventId,
        ce_time: "2026-01-01T00:00:00.000Z",
        ce_source: "postrider",
        "content-type": "application/json",
      },
    });
  });

  test("takes any bytes of an event type without a schema, up to 256 KiB, and none", async () => {
    const bench = await startIngest();
    const data = Buffer.alloc(262_144, 0xff);
    const contentType = "application/octet-stream";
    await publish(bench, event({ type: "anything", contentType, data: binary(data) }));
    await publish(bench, event({ type: "anything", contentType, data: binary([]) }));
    expect(bench.log.appended.map(({ value }) => value.byteLength)).toEqual([262_144, 0]);
    expect(Buffer.compare(bench.log.appended[0]?.value ?? Buffer.alloc(0), data)).toBe(0);
  });

  test.each<[string, EventMessage | undefined, string, RegExp]>([
    ["no event", undefined, "event", /is required/],
    ["no tenant", event({ tenantId: "" }), "event.tenant_id", /is required/],
    ["a tenant that is none", event({ tenantId: "app 7" }), "event.tenant_id", /"app 7"/],
    ["an id with a dot", event({ id: "a.b" }), "event.id", /"a\.b"/],
    ["an id that is too long", event({ id: "x".repeat(65) }), "event.id", /1 to 64/],
    ["no type", event({ type: "" }), "event.type", /is required/],
    ["a type that is no name", event({ type: "order paid" }), "event.type", /"order paid"/],
    ["a source that is no URI", event({ source: "the shop" }), "event.source", /"the shop"/],
    ["a time before 1970", event({ time: new Date(-1) }), "event.time", /1970 to 9999/],
    ["a content type that is none", event({ contentType: "json" }), "event.content_type", /"json"/],
    ["an ordering key that is too long", event({ orderingKey: "k".repeat(257) }), "event.ordering_key", /257/],
    ["no data", event({ data: undefined }), "event.data", /is required/],
    [
      "too much data",
      event({ data: binary(Buffer.alloc(262_145)) }),
      "event.data",
      /262145 bytes are more than 262144/,
    ],
    ["data that is not JSON", event({ data: json("{total:1}") }), "event.data", /is not JSON/],
    [
      "data that breaks off JSON within a character",
      event({ data: json('{"total": 😀}') }),
      "event.data",
      /is not JSON/,
    ],
    ["no bytes as JSON", event({ data: json("") }), "event.data", /is not JSON/],
    ["bytes that are not UTF-8", event({ data: binary([0x22, 0xff, 0x22]) }), "event.data", /not UTF-8/],
    ["data without a required part", event({ data: json("{}") }), "event.data", /'total'/],
    ["data with a wrong part", event({ data: json('{"total":"1"}') }), "event.data/total", /must be number/],
    ["data wrong deep inside", event({ data: json('{"total":1,"lines":[{}]}') }), "event.data/lines/0", /'sku'/],
    ["text where a schema wants JSON", event({ contentType: "text/plain" }), "event.content_type", /not JSON/],
  ])("refuses %s, names the field, and appends nothing", async (...[, message, field, description]) => {
    const bench = await startIngest();
    const { code, message: text, violations } = await failureOf(publish(bench, message));
    expect(code).toBe("INVALID_ARGUMENT");
    expect(violations).toEqual([{ field, description: expect.stringMatching(description) as string }]);
    expect(text).toContain(field);
    expect(bench.log.appended).toEqual([]);
    expect(await bench.metric('postrider_events_rejected_total{code="invalid_argument"}')).toBe("1");
  });

  test("names everything that is wrong at once", async () => {
    const bench = await startIngest();
    const { violations } = await failureOf(publish(bench, { ...empty, id: "." }));
    const fields = violations.map(({ field }) => field);
    expect(fields).toEqual(["event.id", "event.tenant_id", "event.type", "event.data"]);
  });

  test("knows only event types of the catalog", async () => {
    const bench = await startIngest();
    const { code, violations } = await failureOf(publish(bench, event({ type: "order.unheard_of" })));
    expect(code).toBe("NOT_FOUND");
    expect(violations).toMatchObject([{ field: "event.type" }]);
    expect(bench.log.appended).toEqual([]);
  });

  test("is UNAVAILABLE when the log can't make the event durable, and works again when it can", async () => {
    const bench = await startIngest();
    bench.log.answer = async () => Promise.reject(new LogError("unavailable", "the disk is full"));
    expect(await failureOf(publish(bench, event()))).toMatchObject({
      code: "UNAVAILABLE",
      message: "the event was not accepted: the disk is full",
    });
    bench.log.answer = async () => ({ appendedAtMs: APPENDED_AT_MS });
    await expect(publish(bench, event({ id: "again" }))).resolves.toMatchObject({ eventId: "again" });
    expect(await bench.metric("postrider_events_accepted_total")).toBe("1");
    expect(await bench.metric('postrider_events_rejected_total{code="unavailable"}')).toBe("1");
  });

  test("is RESOURCE_EXHAUSTED with a delay while too much waits for the log", async () => {
    const bench = await startIngest();
    const release = bench.log.hold();
    const data = binary(Buffer.alloc(262_144));
    const large = event({ type: "anything", contentType: "application/octet-stream", data });
    const waiting = Array.from({ length: 255 }, async () => publish(bench, large));
    await bench.log.untilAppended(255);
    expect(await failureOf(publish(bench, large))).toMatchObject({ code: "RESOURCE_EXHAUSTED", retryDelayMs: 200 });
    release();
    await Promise.all(waiting);
    await expect(publish(bench, large)).resolves.toBeDefined();
    expect(bench.log.appended).toHaveLength(256);
  });

  test("tells a defect to the operator only", async () => {
    const bench = await startIngest();
    const told = listenForDefects();
    bench.log.answer = async () => Promise.reject(new TypeError("a secret of ours"));
    expect(await failureOf(publish(bench, event()))).toMatchObject({ code: "INTERNAL", message: "internal error" });
    expect(told).toMatchObject([{ method: "/postrider.v1.IngestService/Publish" }]);
  });
});

describe("the catalog", () => {
  test("is asked once for many events of one type", async () => {
    const bench = await startIngest();
    await Promise.all(Array.from({ length: 20 }, async () => publish(bench, event())));
    await publish(bench, event());
    expect(bench.catalog.asked).toBe(1);
  });

  test("that changes is in force for the next event", async () => {
    const bench = await startIngest();
    await publish(bench, event());
    await bench.catalog.change("order_paid", '{"required":["currency"]}');
    expect(await failureOf(publish(bench, event()))).toMatchObject({ violations: [{ field: "event.data" }] });
    await bench.catalog.change("order_paid", "");
    await publish(bench, event());
    expect(bench.log.appended).toHaveLength(2);
  });

  test("is not asked again for a name that it does not have, until it has it", async () => {
    const bench = await startIngest();
    const unknown = event({ type: "order_sent" });
    for (let round = 0; round < 3; round += 1)
      expect((await failureOf(publish(bench, unknown))).code).toBe("NOT_FOUND");
    expect(bench.catalog.asked).toBe(1);
    await bench.catalog.change("order_sent", "");
    await expect(publish(bench, unknown)).resolves.toBeDefined();
  });
});

describe("while the catalog is away", () => {
  test("what it told before is known, and the rest is UNAVAILABLE with a delay, until it is back", async () => {
    const bench = await startIngest();
    await publish(bench, event());
    bench.catalog.isAway = true;
    await expect(publish(bench, event())).resolves.toBeDefined();
    const unknown = event({ type: "anything" });
    expect(await failureOf(publish(bench, unknown))).toMatchObject({ code: "UNAVAILABLE", retryDelayMs: 1000 });
    const [result] = await publishBatch(bench, [unknown]);
    expect(codeOf(result)).toBe("UNAVAILABLE");
    bench.catalog.isAway = false;
    await expect(publish(bench, unknown)).resolves.toBeDefined();
  });
});

describe("PublishBatch", () => {
  test("has a result for each item, in order, and one append for the good ones", async () => {
    const bench = await startIngest();
    let appends = 0;
    bench.log.answer = async () => {
      appends += 1;
      return { appendedAtMs: APPENDED_AT_MS };
    };
    const results = await publishBatch(bench, [
      event({ id: "a" }),
      event({ id: "b", data: json("{}") }),
      event({ id: "c" }),
      event({ id: "d", type: "unknown" }),
      event({ id: "e" }),
    ]);
    expect(results.map(codeOf)).toEqual(["accepted", "INVALID_ARGUMENT", "accepted", "NOT_FOUND", "accepted"]);
    expect(results[2]?.outcome).toEqual({
      $case: "accepted",
      value: { eventId: "c", acceptedAt: new Date(APPENDED_AT_MS) },
    });
    expect(results[1]?.outcome).toMatchObject({ value: { message: expect.stringContaining("event.data") as string } });
    expect(bench.log.appended.map(({ key }) => key)).toEqual(["a", "c", "e"]);
    expect(appends).toBe(1);
  });

  test("takes 1,000 events and refuses more as a whole", async () => {
    const bench = await startIngest();
    const events = Array.from({ length: 1001 }, (_, index) => event({ id: `e${index}` }));
    expect(await failureOf(publishBatch(bench, events))).toMatchObject({
      code: "INVALID_ARGUMENT",
      violations: [{ field: "events", description: "1001 events are more than 1000" }],
    });
    expect(bench.log.appended).toEqual([]);
    const results = await publishBatch(bench, events.slice(1));
    expect(results.map(codeOf)).toEqual(Array.from({ length: 1000 }, () => "accepted"));
  });

  test("of nothing, or of nothing good, appends nothing", async () => {
    const bench = await startIngest();
    expect(await publishBatch(bench, [])).toEqual([]);
    expect((await publishBatch(bench, [event({ id: "." })])).map(codeOf)).toEqual(["INVALID_ARGUMENT"]);
    expect(bench.log.appended).toEqual([]);
    expect(await bench.metric("postrider_publish_seconds_count")).toBe("0");
  });

  test("that can't be made durable refuses and counts every good item", async () => {
    const bench = await startIngest();
    bench.log.answer = async () => Promise.reject(new LogError("unavailable", "away"));
    const results = await publishBatch(bench, [event(), event({ tenantId: "" }), event()]);
    expect(results.map(codeOf)).toEqual(["UNAVAILABLE", "INVALID_ARGUMENT", "UNAVAILABLE"]);
    expect(await bench.metric('postrider_events_rejected_total{code="unavailable"}')).toBe("2");
  });

  test("tells a defect to the operator only", async () => {
    const bench = await startIngest();
    const told = listenForDefects();
    bench.log.answer = async () => Promise.reject(new TypeError("a secret of ours"));
    const [result] = await publishBatch(bench, [event()]);
    expect(result?.outcome).toMatchObject({ value: { code: status.INTERNAL, message: "internal error" } });
    expect(told).toMatchObject([{ method: "/postrider.v1.IngestService/PublishBatch" }]);
  });
});

describe("PublishStream", () => {
  type Stream = ClientDuplexStream<PublishStreamRequest, PublishStreamResponse>;

  function openStream({ client }: Bench): { stream: Stream; answers: AsyncIterator<PublishStreamResponse> } {
    const stream = client.publishStream();
    return { stream, answers: stream[Symbol.asyncIterator]() as AsyncIterator<PublishStreamResponse> };
  }

  async function next(answers: AsyncIterator<PublishStreamResponse>): Promise<[bigint, string]> {
    const result = await answers.next();
    if (result.done) throw new Error("the stream has ended");
    return [result.value.sequence, codeOf(result.value.result)];
  }

  test("answers each request by its sequence, as soon as its own event is durable", async () => {
    const bench = await startIngest();
    const releases = [deferredPromise<{ appendedAtMs: number }>(), deferredPromise<{ appendedAtMs: number }>()];
    let appends = 0;
    bench.log.answer = async () => releases[appends++]?.promise ?? { appendedAtMs: APPENDED_AT_MS };
    const { stream, answers } = openStream(bench);
    for (const sequence of [7n, 8n, 2n ** 64n - 1n]) stream.write({ sequence, event: event() });
    expect(await next(answers)).toEqual([2n ** 64n - 1n, "accepted"]);
    releases[1]?.resolve({ appendedAtMs: APPENDED_AT_MS });
    expect(await next(answers)).toEqual([8n, "accepted"]);
    releases[0]?.resolve({ appendedAtMs: APPENDED_AT_MS });
    expect(await next(answers)).toEqual([7n, "accepted"]);
    stream.end();
    expect(await answers.next()).toMatchObject({ done: true });
  });

  test("goes on after a bad event", async () => {
    const bench = await startIngest();
    const { stream, answers } = openStream(bench);
    const requests = [event(), undefined, event({ data: json("{}") }), event({ type: "unknown" }), event()];
    const codes: string[] = [];
    for (const [index, request] of requests.entries()) {
      stream.write({ sequence: BigInt(index), event: request });
      codes.push((await next(answers))[1]);
    }
    expect(codes).toEqual(["accepted", "INVALID_ARGUMENT", "INVALID_ARGUMENT", "NOT_FOUND", "accepted"]);
    stream.end();
    expect(await answers.next()).toMatchObject({ done: true });
  });

  test("that the producer ends is answered in full, then ends", async () => {
    const bench = await startIngest();
    const release = bench.log.hold();
    const { stream, answers } = openStream(bench);
    for (let sequence = 0n; sequence < 3n; sequence += 1n) stream.write({ sequence, event: event() });
    stream.end();
    await bench.log.untilAppended(3);
    release();
    const seen = [await next(answers), await next(answers), await next(answers)];
    expect(seen.map(([sequence]) => sequence).toSorted()).toEqual([0n, 1n, 2n]);
    expect(await answers.next()).toMatchObject({ done: true });
  });

  test("without a request ends at once", async () => {
    const { stream, answers } = openStream(await startIngest());
    stream.end();
    expect(await answers.next()).toMatchObject({ done: true });
  });

  test("reads no more than 1,000 unanswered requests, and the rest when there is room again", async () => {
    const bench = await startIngest();
    const release = bench.log.hold();
    const { stream, answers } = openStream(bench);
    for (let sequence = 0n; sequence < 3000n; sequence += 1n) stream.write({ sequence, event: event() });
    stream.end();
    await bench.log.untilAppended(1000);
    // Time enough to read all of it: other calls go there and back on the same connection.
    for (let round = 0; round < 50; round += 1) await failureOf(publish(bench, undefined));
    expect(bench.log.appended.length).toBe(1000);
    release();
    const sequences = new Set<bigint>();
    while (sequences.size < 3000) sequences.add((await next(answers))[0]);
    expect(await answers.next()).toMatchObject({ done: true });
  });

  test("is answered as far as it was read when the server closes, then ends as UNAVAILABLE without waiting", async () => {
    const bench = await startIngest();
    const release = bench.log.hold();
    const { stream, answers } = openStream(bench);
    stream.write({ sequence: 1n, event: event() });
    await bench.log.untilAppended(1);
    const idle = openStream(bench);
    idle.stream.write({ sequence: 1n, event: undefined });
    await next(idle.answers);
    // Its grace is far longer than the test may take.
    const closed = bench.close(600_000);
    await expect(next(idle.answers)).rejects.toMatchObject({ code: status.UNAVAILABLE });
    release();
    expect(await next(answers)).toEqual([1n, "accepted"]);
    await expect(next(answers)).rejects.toMatchObject({ code: status.UNAVAILABLE });
    await closed;
  });

  test("whose producer goes away takes in what was sent", async () => {
    const bench = await startIngest();
    const release = bench.log.hold();
    const { stream } = openStream(bench);
    stream.on("error", () => undefined);
    stream.write({ sequence: 1n, event: event({ id: "kept" }) });
    await bench.log.untilAppended(1);
    stream.cancel();
    release();
    await publish(bench, event({ id: "next" }));
    expect(await bench.metric("postrider_events_accepted_total")).toBe("2");
  });
});

describe("a caller that publishes more than its rate", () => {
  test("is told to come back when there is room, and then is taken", async () => {
    const bench = await startIngest(2);
    await publish(bench, event());
    await publish(bench, event());
    const refused = await failureOf(publish(bench, event()));
    expect(refused).toMatchObject({ code: "RESOURCE_EXHAUSTED", retryDelayMs: 500 });
    expect(refused.message).toContain("more than 2 events a second");
    expect(await bench.metric('postrider_events_rejected_total{code="resource_exhausted"}')).toBe("1");
    bench.clock.advance(500);
    await publish(bench, event());
    expect(bench.log.appended).toHaveLength(3);
  });

  test("gets as much of a batch taken as there is room for, and an answer to each of the rest", async () => {
    const bench = await startIngest(3);
    const results = await publishBatch(bench, [event(), event({ type: "unknown" }), event(), event(), event()]);
    expect(results.map(codeOf)).toEqual([
      ...["accepted", "NOT_FOUND", "accepted", "RESOURCE_EXHAUSTED", "RESOURCE_EXHAUSTED"],
    ]);
    expect(bench.log.appended).toHaveLength(2);
  });
});

test("what was accepted stands in the real log, in order and as it was given", async () => {
  const folder = await mkdtemp(join(tmpdir(), "postrider-ingest-"));
  opened.push(async () => rm(folder, { recursive: true }));
  const sqlite = await openSqlite({ path: join(folder, "log.db"), schema: eventLogSchema([TOPICS.events]) });
  opened.push(async () => sqlite.close());
  const topics = [{ name: TOPICS.events, retentionMs: 3_600_000 }];
  const log = openSqliteEventLog({ sqlite, topics, clock: systemClock });
  opened.push(async () => log.close());
  const bench = await serve(log.writer);

  const text = '{ "total": 1.50 }';
  const first = await publish(bench, event({ id: "first", data: json(text), orderingKey: "k" }));
  await publish(bench, event({ id: "second" }));

  const seen: unknown[] = [];
  const stopping = new AbortController();
  await log.reader({ topic: TOPICS.events, group: "test" }).run(
    {
      assigned: () => undefined,
      revoked: () => undefined,
      records: (_, records) => {
        seen.push(...records.map(decodeEvent));
        if (seen.length >= 2) stopping.abort();
      },
    },
    stopping.signal,
  );
  expect(seen).toEqual([
    {
      kind: "event",
      event: {
        id: "first",
        tenantId: "app-7",
        type: "order_paid",
        source: "postrider",
        timeMs: Date.UTC(2026, 0, 1),
        acceptedAtMs: first.acceptedAt?.getTime(),
        contentType: "application/json",
        orderingKey: "k",
        data: new Uint8Array(Buffer.from(text)),
      },
    },
    { kind: "event", event: expect.objectContaining({ id: "second" }) as unknown },
  ]);
});
