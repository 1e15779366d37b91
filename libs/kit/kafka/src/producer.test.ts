import { FakeClock } from "@postrider/testing";
import { describe, expect, test } from "vitest";
import type { KafkaNotice } from "./kafka-notice.ts";
import type { KafkaAppend } from "./kafka.ts";
import { createNames } from "./names.ts";
import { BatchingProducer } from "./producer.ts";
import { createConnectionError, createProtocolError } from "./testing/protocol-error.ts";
import { ScriptedProducer } from "./testing/scripted-producer.ts";

const GIVE_UP_MS = 8_000;

function createProducer({ maxBytes }: { readonly maxBytes?: number } = {}) {
  const clock = new FakeClock();
  const scripted = new ScriptedProducer();
  const notices: KafkaNotice[] = [];
  const producer = new BatchingProducer({
    ...{ producer: scripted, clock, names: createNames("p.") },
    onNotice: (notice) => notices.push(notice),
    findMaxBytes: () => maxBytes,
  });
  /** Whatever can go on without the time has gone on. */
  const settle = async (): Promise<void> => clock.advanceAsync(0);
  return { clock, scripted, notices, producer, settle };
}

function record(value: string, topic = "events"): KafkaAppend {
  return { topic, key: "k", headers: {}, value: Buffer.from(value) };
}

function records(count: number): KafkaAppend[] {
  return Array.from({ length: count }, (_, index) => record(String(index)));
}

/** How a promise ended, or that it has not. */
function watch(promise: Promise<unknown>): { outcome: string } {
  const watched = { outcome: "open" };
  promise.then(
    () => (watched.outcome = "durable"),
    (error: unknown) => (watched.outcome = (error as { code: string }).code),
  );
  return watched;
}

describe("requests", () => {
  test("are out one at a time, and what is appended meanwhile gathers into the next", async () => {
    const { scripted, producer, settle } = createProducer();
    const first = watch(producer.append([record("a")]));
    await settle();
    const second = watch(producer.append([record("b")]));
    const third = watch(producer.append([record("c"), record("d")]));
    await settle();
    expect(scripted.requests.map(({ values }) => values)).toEqual([["a"]]);
    scripted.last().acknowledge();
    await settle();
    expect(scripted.last().values).toEqual(["b", "c", "d"]);
    expect([first, second, third].map(({ outcome }) => outcome)).toEqual(["durable", "open", "open"]);
    scripted.last().acknowledge();
    await settle();
    expect([second, third].map(({ outcome }) => outcome)).toEqual(["durable", "durable"]);
    expect(scripted.mostAtOnce).toBe(1);
  });

  test("hold the calls of one turn together, and leave no timer when all is sent", async () => {
    const { clock, scripted, producer } = createProducer();
    scripted.answer = (request) => {
      request.acknowledge();
    };
    await Promise.all(["a", "b", "c"].map(async (value) => producer.append([record(value)])));
    expect(scripted.requests.map(({ values }) => values)).toEqual([["a", "b", "c"]]);
    await clock.advanceAsync(0);
    expect(clock.pendingCount).toBe(0);
  });

  test.each([
    ["2,000 records", records(4_001), [2_000, 2_000, 1]],
    ["900 KiB", Array.from({ length: 3 }, () => record("x".repeat(400 * 1024))), [2, 1]],
  ])("hold at most %s; a larger call is durable with the last of its pieces", async (_, call, sizes) => {
    const { scripted, producer, settle } = createProducer();
    const append = watch(producer.append(call));
    for (const size of sizes) {
      await settle();
      expect(append.outcome).toBe("open");
      expect(scripted.last().values).toHaveLength(size);
      scripted.last().acknowledge();
    }
    await settle();
    expect(append.outcome).toBe("durable");
    expect(scripted.logs.get("p.events")).toEqual(call.map(({ value }) => Buffer.from(value).toString()));
  });

  test("are not made for nothing", async () => {
    const { clock, scripted, producer } = createProducer();
    expect(await producer.append([])).toEqual({ appendedAtMs: clock.nowMs() });
    expect(scripted.requests).toEqual([]);
  });
});

describe("the time of an append", () => {
  test("is the broker's latest of all its pieces", async () => {
    const { scripted, producer, settle } = createProducer();
    const append = producer.append(records(2_001));
    await settle();
    scripted.last().acknowledge(2_000);
    await settle();
    scripted.last().acknowledge(1_000);
    expect(await append).toEqual({ appendedAtMs: 2_000 });
  });

  test("is our clock's where the topic keeps none", async () => {
    const { clock, scripted, producer, settle } = createProducer();
    const append = producer.append([record("a")]);
    await settle();
    scripted.last().acknowledge();
    expect(await append).toEqual({ appendedAtMs: clock.nowMs() });
  });
});

describe("a request that fails", () => {
  test("is made again, before anything that was appended later, with a notice that says why", async () => {
    const { clock, scripted, notices, producer, settle } = createProducer();
    const appends = [watch(producer.append([record("a")]))];
    await settle();
    appends.push(watch(producer.append([record("b")])));
    scripted.last().fail(createConnectionError());
    await clock.advanceAsync(50);
    expect(scripted.last().values).toEqual(["a"]);
    scripted.last().acknowledge();
    await settle();
    scripted.last().acknowledge();
    await settle();
    expect(scripted.logs.get("p.events")).toEqual(["a", "b"]);
    expect(appends.map(({ outcome }) => outcome)).toEqual(["durable", "durable"]);
    expect(notices).toEqual([
      { kind: "append_retried", message: expect.stringContaining("ECONNRESET") as string, facts: { records: 1 } },
    ]);
  });

  test("is made again ever less often, and given up in time, with the last failure's words", async () => {
    const { clock, scripted, producer } = createProducer();
    const atMs: number[] = [];
    const sinceMs = clock.nowMs();
    scripted.answer = (request) => {
      atMs.push(clock.nowMs() - sinceMs);
      request.fail(createConnectionError());
    };
    const append = producer.append([record("a")]);
    const given = expect(append).rejects.toThrow(/not acknowledged .*8000 ms.*ECONNRESET/);
    await clock.advanceAsync(GIVE_UP_MS);
    await given;
    await expect(append).rejects.toMatchObject({ code: "unavailable" });
    expect(atMs.slice(0, 7)).toEqual([0, 50, 150, 350, 750, 1_550, 2_550]);
    const tries = atMs.length;
    await clock.advanceAsync(60_000);
    expect(atMs).toHaveLength(tries);
    expect(clock.pendingCount).toBe(0);
  });

  test("and one that hangs later is not told by the words of the first", async () => {
    const { clock, scripted, producer, settle } = createProducer();
    const first = watch(producer.append([record("a")]));
    await settle();
    scripted.last().fail(createConnectionError());
    await clock.advanceAsync(50);
    scripted.last().acknowledge();
    await settle();
    expect(first.outcome).toBe("durable");
    const given = expect(producer.append([record("b")])).rejects.toThrow("within 8000 ms: no answer");
    await clock.advanceAsync(GIVE_UP_MS + 250);
    await given;
  });

  test("and is never answered lets its callers go, and nothing of theirs goes out afterwards", async () => {
    const { clock, scripted, producer, settle } = createProducer();
    const first = watch(producer.append([record("a")]));
    await settle();
    const second = watch(producer.append(records(1_999)));
    await clock.advanceAsync(GIVE_UP_MS);
    expect([first.outcome, second.outcome]).toEqual(["unavailable", "unavailable"]);
    const later = ["b", "c"].map((value) => watch(producer.append([record(value)])));
    scripted.last().fail(createConnectionError());
    await clock.advanceAsync(50);
    // What was given up takes no room in a request either.
    expect(scripted.last().values).toEqual(["b", "c"]);
    scripted.last().acknowledge();
    await settle();
    expect(later.map(({ outcome }) => outcome)).toEqual(["durable", "durable"]);
  });
});

describe("an acknowledgement that is lost", () => {
  test("leaves duplicates, in the callers' order, and the append is durable", async () => {
    const { clock, scripted, producer, settle } = createProducer();
    const append = watch(producer.append([record("a"), record("b")]));
    await settle();
    scripted.last().loseAnswer(createConnectionError());
    await settle();
    expect(append.outcome).toBe("open");
    await clock.advanceAsync(50);
    scripted.last().acknowledge();
    await settle();
    expect(append.outcome).toBe("durable");
    expect(scripted.logs.get("p.events")).toEqual(["a", "b", "a", "b"]);
  });

  test("of one topic of two leaves no hole in the other", async () => {
    const { clock, scripted, producer, settle } = createProducer();
    const append = watch(producer.append([record("a"), record("b", "attempts")]));
    await settle();
    scripted.last().loseAnswer(createProtocolError("NOT_LEADER_FOR_PARTITION"), ["p.attempts"]);
    await clock.advanceAsync(50);
    scripted.last().acknowledge();
    await settle();
    expect(append.outcome).toBe("durable");
    expect(scripted.logs.get("p.events")).toEqual(["a"]);
    expect(scripted.logs.get("p.attempts")).toEqual(["b", "b"]);
  });
});

describe("records that are refused", () => {
  /** A cluster that refuses every request that holds a record of this value. */
  function refusing(value: string, type: string) {
    const made = createProducer();
    made.scripted.answer = (request) => {
      if (request.values.includes(value)) request.fail(createProtocolError(type));
      else request.acknowledge();
    };
    return made;
  }

  test("fail their own caller alone, found among many in few requests", async () => {
    const { scripted, producer, settle } = refusing("13", "MESSAGE_TOO_LARGE");
    const appends = records(64).map((each) => watch(producer.append([each])));
    await settle();
    const outcomes = appends.map(({ outcome }) => outcome);
    expect(outcomes[13]).toBe("refused");
    expect(outcomes.toSpliced(13, 1)).toEqual(Array.from({ length: 63 }, () => "durable"));
    const values = appends.map((_, index) => String(index));
    expect(scripted.logs.get("p.events")).toEqual(values.toSpliced(13, 1));
    expect(scripted.requests.length).toBeLessThan(16);
  });

  test("of one topic are told by its name", async () => {
    const { producer } = refusing("b", "INVALID_RECORD");
    const append = producer.append([record("a"), record("b", "attempts")]);
    await expect(append).rejects.toThrow(/^topic p\.attempts: INVALID_RECORD/);
    await expect(append).rejects.toMatchObject({ code: "refused" });
  });

  test("because we may not write there, are a fault of the setup", async () => {
    const { producer } = refusing("a", "TOPIC_AUTHORIZATION_FAILED");
    await expect(producer.append([record("a")])).rejects.toMatchObject({ code: "setup" });
  });

  test("because nobody knows their topic, are tried for two seconds first", async () => {
    const { clock, producer } = refusing("a", "UNKNOWN_TOPIC_OR_PARTITION");
    const append = watch(producer.append([record("a")]));
    await clock.advanceAsync(1_500);
    expect(append.outcome).toBe("open");
    await clock.advanceAsync(1_500);
    expect(append.outcome).toBe("setup");
  });

  test("for a size that is known to be too large, are not sent at all", async () => {
    const { scripted, producer } = createProducer({ maxBytes: 1_000 });
    const append = producer.append([record("x".repeat(1_000))]);
    await expect(append).rejects.toMatchObject({ code: "refused" });
    await expect(append).rejects.toThrow(/p\.events.*max\.message\.bytes is 1000/);
    expect(scripted.requests).toEqual([]);
  });
});

describe("closing", () => {
  test("waits for appends that are out, and refuses new ones", async () => {
    const { scripted, producer, settle } = createProducer();
    const append = watch(producer.append([record("a")]));
    await settle();
    const closing = watch(producer.close());
    await expect(producer.append([record("b")])).rejects.toMatchObject({ code: "closed" });
    await settle();
    expect(closing.outcome).toBe("open");
    scripted.last().acknowledge();
    await settle();
    expect([append.outcome, closing.outcome]).toEqual(["durable", "durable"]);
  });

  test("waits no longer than an append may take", async () => {
    const { clock, scripted, producer } = createProducer();
    scripted.answer = (request) => {
      request.fail(createConnectionError());
    };
    const append = watch(producer.append([record("a")]));
    const closing = watch(producer.close());
    await clock.advanceAsync(GIVE_UP_MS);
    expect([append.outcome, closing.outcome]).toEqual(["unavailable", "durable"]);
  });
});
