import { type AppendRecord, LogError } from "@postrider/kit-event-log";
import { RpcError } from "@postrider/kit-rpc";
import { deferredPromise, FakeClock } from "@postrider/testing";
import { describe, expect, test } from "vitest";
import type { CheckedEvent } from "./accept-event.ts";
import { createRecordEvents } from "./record-events.ts";

const LARGEST = Buffer.alloc(262_144);
/** Of the largest events, with 1 KiB of overhead each, so many fit into 64 MiB. */
const FITTING = 255;

function event(id: string, data: Uint8Array = Buffer.from("{}")): CheckedEvent {
  const fixed = { tenantId: "app", type: "order_paid", source: "postrider", timeMs: 0 };
  return { id, ...fixed, contentType: "application/json", data };
}

async function failureOf(outcome: Promise<unknown>): Promise<unknown> {
  return outcome.then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe("recording events", () => {
  test("appends them together, in order, and tells the log's time", async () => {
    const appends: (readonly AppendRecord[])[] = [];
    const append = async (records: readonly AppendRecord[]): Promise<{ appendedAtMs: number }> => {
      appends.push(records);
      return { appendedAtMs: 1234 };
    };
    const recordEvents = createRecordEvents({ append }, new FakeClock());
    expect(await recordEvents([event("a"), event("b")])).toBe(1234);
    expect(appends.map((records) => records.map(({ key }) => key))).toEqual([["a", "b"]]);
  });

  test("is refused while 64 MiB wait for the log, and possible again once they are durable", async () => {
    const { promise, resolve } = deferredPromise<{ appendedAtMs: number }>();
    let appends = 0;
    const recordEvents = createRecordEvents(
      {
        append: async () => {
          appends += 1;
          return promise;
        },
      },
      new FakeClock(),
    );
    const waiting = Array.from({ length: FITTING }, async (_, index) => recordEvents([event(`e${index}`, LARGEST)]));
    const refused = await failureOf(recordEvents([event("one too many", LARGEST)]));
    expect(refused).toBeInstanceOf(RpcError);
    expect(refused).toMatchObject({ code: "resource_exhausted", retryDelayMs: 200 });
    expect(String(refused)).toMatch(/\d+ bytes of events wait for the log already, of at most 67108864/);
    expect(appends).toBe(FITTING);
    resolve({ appendedAtMs: 1 });
    await Promise.all(waiting);
    expect(await recordEvents([event("now", LARGEST)])).toBe(1);
  });

  test("frees the room of events that the log refused", async () => {
    const recordEvents = createRecordEvents(
      {
        append: async () => Promise.reject(new LogError("unavailable", "away")),
      },
      new FakeClock(),
    );
    for (let round = 0; round < 2 * FITTING; round += 1) {
      expect(await failureOf(recordEvents([event("e", LARGEST)]))).toMatchObject({ code: "unavailable" });
    }
  });

  test.each(["unavailable", "refused", "closed"] as const)("tells of a log that is %s as unavailable", async (code) => {
    const cause = new LogError(code, "the disk is full");
    const failure = await failureOf(
      createRecordEvents({ append: async () => Promise.reject(cause) }, new FakeClock())([event("e")]),
    );
    expect(failure).toMatchObject({
      code: "unavailable",
      message: "the event was not accepted: the disk is full",
      cause,
    });
  });

  test("passes a defect on as it is", async () => {
    const defect = new TypeError("a defect");
    const failure = await failureOf(
      createRecordEvents({ append: async () => Promise.reject(defect) }, new FakeClock())([event("e")]),
    );
    expect(failure).toBe(defect);
  });

  describe("when the log takes too long", () => {
    test.each([
      ["a tenth ahead of the producer's deadline", 5000, 4500],
      ["100 ms ahead of it, if a tenth is less", 400, 300],
      ["half way, if the producer gave little", 60, 30],
      ["after 10 s, if the producer set none", undefined, 10_000],
    ])("answers unavailable %s", async (_, givenMs, answeredMs) => {
      const clock = new FakeClock();
      const recordEvents = createRecordEvents({ append: async () => new Promise(() => undefined) }, clock);
      const startMs = clock.nowMs();
      const deadlineMs = givenMs === undefined ? undefined : startMs + givenMs;
      let answeredAtMs = 0;
      const failure = failureOf(recordEvents([event("e")], deadlineMs)).finally(() => {
        answeredAtMs = clock.nowMs();
      });
      await clock.advanceAsync(answeredMs - 1);
      expect(answeredAtMs).toBe(0);
      await clock.advanceAsync(1);
      expect(await failure).toMatchObject({ code: "unavailable" });
      expect(String(await failure)).toContain("publish it again under the same id");
      expect(answeredAtMs - startMs).toBe(answeredMs);
    });

    test("its events still count as waiting, until the log lets go of them", async () => {
      const clock = new FakeClock();
      const { promise, resolve } = deferredPromise<{ appendedAtMs: number }>();
      const recordEvents = createRecordEvents({ append: async () => promise }, clock);
      const all = Array.from({ length: FITTING }, async () => failureOf(recordEvents([event("e", LARGEST)])));
      await clock.advanceAsync(10_000);
      await Promise.all(all);
      expect(await failureOf(recordEvents([event("e", LARGEST)]))).toMatchObject({ code: "resource_exhausted" });
      resolve({ appendedAtMs: 1 });
      await clock.advanceAsync(1);
      expect(await recordEvents([event("e", LARGEST)])).toBe(1);
    });

    test("leaves no timer behind when it answers in time", async () => {
      const clock = new FakeClock();
      await createRecordEvents({ append: async () => Promise.resolve({ appendedAtMs: 1 }) }, clock)([event("e")]);
      expect(clock.pendingCount).toBe(0);
    });
  });
});
