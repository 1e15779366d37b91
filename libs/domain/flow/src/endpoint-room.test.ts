import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { EndpointRoom, MAX_QUEUE_WAIT_MS, MAX_QUEUED, type Admission } from "./endpoint-room.ts";
import { FIRST_RESERVATION_MS, MAX_RESERVATION_MS } from "./reservation-clock.ts";

const NOW_MS = 1_700_000_000_000;

/** Admits as the dispatcher does. */
function take(room: EndpointRoom, nowMs: number, heldSinceMs?: number): Admission {
  const admission = room.admit(nowMs, heldSinceMs);
  if (admission.kind === "send") room.start(nowMs);
  if (admission.kind === "queue") room.enqueue();
  return admission;
}

function takeMany(room: EndpointRoom, nowMs: number, count: number): Admission[] {
  return Array.from({ length: count }, () => take(room, nowMs));
}

/** Some that have waited for so long that only the hour bounds their slots. */
function takeManyHeld(room: EndpointRoom, nowMs: number, count: number): Admission[] {
  return Array.from({ length: count }, () => take(room, nowMs, nowMs - 86_400_000));
}

/** Lets the endpoint prove that it takes as many as it may; nothing is in flight or waits after. */
function warmUp(room: EndpointRoom, nowMs: number, maxInFlight: number): void {
  while (room.limit < maxInFlight || room.inFlight > 0) {
    if (room.limit < maxInFlight) takeMany(room, nowMs, 2);
    room.finish(nowMs, 1);
    while (room.canStartQueued(nowMs)) room.startQueued(nowMs);
  }
}

function slotsOf(admissions: readonly Admission[]): number[] {
  return admissions.flatMap((admission) => (admission.kind === "defer" ? [admission.untilMs] : []));
}

describe("an endpoint without a rate", () => {
  test("is sent to until it is full, then queues, then defers", () => {
    const room = new EndpointRoom({ maxInFlight: 2 });
    const kinds = takeMany(room, NOW_MS, 103).map(({ kind }) => kind);
    // 20 ms assumed, two at a time: 100 wait a second.
    expect(kinds).toEqual(["send", "send", ...Array<string>(100).fill("queue"), "defer"]);
    expect(room.inFlight).toBe(2);
    expect(room.queued).toBe(100);
  });

  test("lets nobody overtake those in its queue", () => {
    const room = new EndpointRoom({ maxInFlight: 1 });
    takeMany(room, NOW_MS, 2);
    room.finish(NOW_MS + 5, 5);
    expect(room.admit(NOW_MS + 5).kind).toBe("queue");
    expect(room.canStartQueued(NOW_MS + 5)).toBe(true);
    room.startQueued(NOW_MS + 5);
    expect(room.canStartQueued(NOW_MS + 5)).toBe(false);
    expect(room.queued).toBe(0);
  });

  test("queues no more than its bound, however fast it is", () => {
    const room = new EndpointRoom({ maxInFlight: 1000 });
    takeMany(room, NOW_MS, 1000);
    room.finish(NOW_MS + 1, 1);
    room.start(NOW_MS + 1);
    takeMany(room, NOW_MS + 1, MAX_QUEUED + 1);
    expect(room.queued).toBe(MAX_QUEUED);
  });

  test("defers nobody for a moment's delay of all that is in flight, and many for one that lasts", () => {
    const room = new EndpointRoom({ maxInFlight: 64 });
    let nowMs = NOW_MS;
    warmUp(room, nowMs, 64);
    // Ten answers a millisecond, 64 always out, 2,000 in the queue: what waits waits for a fifth of a second.
    takeMany(room, nowMs, 64);
    for (let turn = 0; turn < 1000; turn++, nowMs += 1) {
      for (let answer = 0; answer < 10; answer++) room.finish(nowMs, 6.4);
      takeMany(room, nowMs, 10);
    }
    const queueAfter = (delayMs: number): number => {
      const kinds = takeManyHeld(room, nowMs + delayMs, 10).map(({ kind }) => kind);
      return kinds.filter((kind) => kind === "queue").length;
    };
    takeMany(room, nowMs, 2000);
    expect([queueAfter(0), queueAfter(100), queueAfter(700), queueAfter(1100)]).toEqual([10, 10, 10, 0]);
    // They end all at once: the delay is over, and counts for as long as it lasted.
    nowMs += 100;
    for (let answer = 0; answer < 64; answer++) {
      room.finish(nowMs, 106);
      room.startQueued(nowMs);
    }
    expect(queueAfter(0)).toBe(10);
  });

  test("spreads a backlog over the time in which it can be taken", () => {
    const room = new EndpointRoom({ maxInFlight: 1 });
    room.start(NOW_MS);
    room.finish(NOW_MS + 2000, 2000);
    const admissions = takeMany(room, NOW_MS + 2000, 4);
    expect(admissions[0]?.kind).toBe("send");
    expect(slotsOf(admissions)).toEqual([NOW_MS + 5000, NOW_MS + 7000, NOW_MS + 9000]);
  });

  test("is known to be slow as soon as its attempts hang, and one that hangs among many says nothing", () => {
    const hanging = new EndpointRoom({ maxInFlight: 4 });
    takeMany(hanging, NOW_MS, 4);
    expect(hanging.admit(NOW_MS + 10_000).kind).toBe("defer");

    const healthy = new EndpointRoom({ maxInFlight: 4 });
    take(healthy, NOW_MS);
    takeMany(healthy, NOW_MS + 9_990, 3);
    expect(healthy.oldestStartedAtMs).toBe(NOW_MS);
    expect(healthy.admit(NOW_MS + 10_000).kind).toBe("queue");
  });

  test("gives no slot more than an hour away, and none more than a minute to one that is new", () => {
    const room = new EndpointRoom({ maxInFlight: 1 });
    room.start(NOW_MS);
    room.finish(NOW_MS, 30_000);
    room.start(NOW_MS);
    expect(slotsOf(takeMany(room, NOW_MS, 1000)).at(-1)).toBe(NOW_MS + FIRST_RESERVATION_MS);
    expect(slotsOf(takeManyHeld(room, NOW_MS, 1000)).at(-1)).toBe(NOW_MS + MAX_RESERVATION_MS);
  });
});

describe("an endpoint with a rate", () => {
  test("is sent to once per interval, however free it is", () => {
    const room = new EndpointRoom({ maxInFlight: 64, ratePerSecond: 10 });
    const kinds = takeMany(room, NOW_MS, 13).map(({ kind }) => kind);
    expect(kinds).toEqual(["send", ...Array<string>(10).fill("queue"), "defer", "defer"]);
    expect(room.canStartQueued(NOW_MS + 69)).toBe(false);
    expect(room.nextStartAtMs).toBe(NOW_MS + 70);
    expect(room.canStartQueued(NOW_MS + 70)).toBe(true);
  });

  test("works below one a second", () => {
    const room = new EndpointRoom({ maxInFlight: 64, ratePerSecond: 0.1 });
    expect(takeMany(room, NOW_MS, 3)).toEqual([
      { kind: "send" },
      { kind: "defer", untilMs: NOW_MS + 11_000 },
      { kind: "defer", untilMs: NOW_MS + 21_000 },
    ]);
    expect(room.admit(NOW_MS + 11_000).kind).toBe("send");
  });

  test("keeps its rate when timers fire late", () => {
    const room = new EndpointRoom({ maxInFlight: 64, ratePerSecond: 100 });
    let started = 0;
    for (let nowMs = NOW_MS; nowMs < NOW_MS + 10_000; nowMs += 7) {
      if (room.admit(nowMs).kind !== "send") continue;
      room.start(nowMs);
      room.finish(nowMs, 0);
      started++;
    }
    expect(started).toBeGreaterThan(990);
    expect(started).toBeLessThanOrEqual(1004);
  });
});

test("gives one that left the queue the next slot, behind those that were deferred", () => {
  const room = new EndpointRoom({ maxInFlight: 1, ratePerSecond: 2 });
  takeMany(room, NOW_MS, 4);
  expect(room.queued).toBe(2);
  room.leaveQueue();
  expect(room.queued).toBe(1);
  expect(room.reserve(NOW_MS)).toBe(NOW_MS + 2000);
});

test("takes new limits at once", () => {
  const room = new EndpointRoom({ maxInFlight: 1 });
  takeMany(room, NOW_MS, 2);
  expect(room.canStartQueued(NOW_MS)).toBe(false);
  room.setLimits({ maxInFlight: 2 });
  expect(room.canStartQueued(NOW_MS)).toBe(true);
});

test.each([
  [{ maxInFlight: 0 }, "maxInFlight is 0: it must be a whole number of 1 or more"],
  [{ maxInFlight: 1.5 }, "maxInFlight is 1.5: it must be a whole number of 1 or more"],
  [{ maxInFlight: 1, ratePerSecond: 0 }, "ratePerSecond is 0: it must be above 0"],
  [{ maxInFlight: 1, ratePerSecond: Number.NaN }, "ratePerSecond is NaN: it must be above 0"],
])("refuses %j", (limits, message) => {
  expect(() => new EndpointRoom(limits)).toThrow(message);
});

/** One step of an endpoint's life: time passes, then something comes, ends, or is taken from the queue. */
interface Step {
  readonly passedMs: number;
  readonly kind: "come" | "end" | "next";
  readonly chosen: number;
}

const steps = fc.array(
  fc.record({ passedMs: fc.nat(400), kind: fc.constantFrom("come", "come", "end", "next"), chosen: fc.nat() }),
  { maxLength: 200, size: "max" },
);
const limits = fc.record(
  { maxInFlight: fc.integer({ min: 1, max: 4 }), ratePerSecond: fc.double({ min: 0.05, max: 2000, noNaN: true }) },
  { requiredKeys: ["maxInFlight"] },
);

/** Lives the steps; gives the times of all starts, and of all slots with when they were given. */
function live(room: EndpointRoom, life: readonly Step[], afterEach: (running: readonly number[]) => void) {
  const running: number[] = [];
  const starts: number[] = [];
  const slots: { readonly givenAtMs: number; readonly atMs: number }[] = [];
  let nowMs = NOW_MS;
  const begin = (): void => {
    running.push(nowMs);
    starts.push(nowMs);
  };
  for (const { passedMs, kind, chosen } of life) {
    nowMs += passedMs;
    if (kind === "come") {
      const admission = take(room, nowMs);
      if (admission.kind === "send") begin();
      if (admission.kind === "defer") slots.push({ givenAtMs: nowMs, atMs: admission.untilMs });
    } else if (kind === "end") {
      const [startedAtMs] = running.splice(chosen % Math.max(1, running.length), 1);
      if (startedAtMs !== undefined) room.finish(nowMs, nowMs - startedAtMs);
    } else if (room.canStartQueued(nowMs)) {
      room.startQueued(nowMs);
      begin();
    }
    afterEach(running);
  }
  return { starts, slots };
}

test("never has more in flight than it may, and knows which", () => {
  fc.assert(
    fc.property(limits, steps, (given, life) => {
      const room = new EndpointRoom(given);
      live(room, life, (running) => {
        expect(running.length).toBeLessThanOrEqual(given.maxInFlight);
        expect(room.inFlight).toBe(running.length);
        expect(room.oldestStartedAtMs).toBe(running.length === 0 ? undefined : Math.min(...running));
      });
    }),
  );
});

test("starts no more in any time than the rate", () => {
  fc.assert(
    fc.property(limits, steps, ({ maxInFlight, ratePerSecond = 3 }, life) => {
      const { starts } = live(new EndpointRoom({ maxInFlight, ratePerSecond }), life, () => undefined);
      for (const [from, startMs] of starts.entries()) {
        for (const [more, endMs] of starts.slice(from).entries()) {
          expect(more).toBeLessThanOrEqual((ratePerSecond * (endMs - startMs + 30)) / 1000 + 1e-6);
        }
      }
    }),
  );
});

test("gives slots that lie ahead, within a minute, one after another", () => {
  fc.assert(
    fc.property(limits, steps, (given, life) => {
      const { slots } = live(new EndpointRoom(given), life, () => undefined);
      for (const [i, { givenAtMs, atMs }] of slots.entries()) {
        expect(atMs).toBeGreaterThan(givenAtMs + MAX_QUEUE_WAIT_MS);
        expect(atMs).toBeLessThanOrEqual(givenAtMs + FIRST_RESERVATION_MS);
        expect(atMs).toBeGreaterThanOrEqual(slots[i - 1]?.atMs ?? 0);
      }
    }),
  );
});

test("gives no more slots in any time than the rate", () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0.5, max: 4000, noNaN: true }),
      fc.integer({ min: 2, max: 300 }),
      (ratePerSecond, count) => {
        const room = new EndpointRoom({ maxInFlight: 1000, ratePerSecond });
        while (take(room, NOW_MS).kind !== "defer");
        const slots = slotsOf(takeManyHeld(room, NOW_MS, count));
        const spanMs = (slots.at(-1) ?? 0) - (slots[0] ?? 0);
        // Slots are whole milliseconds, rounded up.
        expect(slots.length - 1).toBeLessThanOrEqual((ratePerSecond * (spanMs + 1)) / 1000 + 1e-6);
      },
    ),
    { numRuns: 50 },
  );
});
