import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { DEFAULT_BREAKER_POLICY } from "./breaker.ts";
import { EndpointRoom, MAX_QUEUE_WAIT_MS, type Admission } from "./endpoint-room.ts";
import type { EndpointOutcome } from "./outcome.ts";
import { FIRST_RESERVATION_MS } from "./reservation-clock.ts";

const NOW_MS = 1_700_000_000_000;
const { consecutiveFailures, firstOpenMs, probeMs } = DEFAULT_BREAKER_POLICY;
/** In a row, and still not more than a fifth of what is remembered. */
const REFUSALS_BY_CHANCE = Array<EndpointOutcome>(14).fill("overloaded");
const NO_CHANCE = (): number => 0;

function slotOf(admission: Admission): number {
  return admission.kind === "defer" ? admission.untilMs : Number.NaN;
}

/** One attempt after the other, each of 10 ms; gives the time after. */
function attempt(room: EndpointRoom, nowMs: number, outcomes: readonly EndpointOutcome[]): number {
  for (const outcome of outcomes) {
    room.start(nowMs);
    nowMs += 10;
    room.finish(nowMs, 10, outcome);
  }
  return nowMs;
}

function createBroken(): { room: EndpointRoom; nowMs: number; openUntilMs: number } {
  const room = new EndpointRoom({ maxInFlight: 64 }, NO_CHANCE);
  const nowMs = attempt(room, NOW_MS, Array<EndpointOutcome>(consecutiveFailures).fill("failed"));
  return { room, nowMs, openUntilMs: nowMs + firstOpenMs };
}

describe("the limit of an endpoint", () => {
  /** Eight at once that all end so after 10 ms, while more wait or not. */
  const afterRound = (outcome: EndpointOutcome, waiting: number): number => {
    const room = new EndpointRoom({ maxInFlight: 64 }, NO_CHANCE);
    for (let started = 0; started < 8; started++) room.start(NOW_MS);
    for (let queued = 0; queued < waiting; queued++) room.enqueue();
    // The first one only, so that the breaker stays out of it.
    for (let ended = 0; ended < 3; ended++) room.finish(NOW_MS + 10, 10, outcome);
    return room.limit;
  };

  test.each<[EndpointOutcome, number, number]>([
    ["ok", 100, 11],
    ["ok", 0, 8],
    ["failed", 100, 8],
    ["unsent", 100, 8],
    ["overloaded", 100, 4],
    ["unreachable", 100, 4],
  ])("after a round of %s with %d in the queue is %d", (outcome, waiting, limit) => {
    expect(afterRound(outcome, waiting)).toBe(limit);
  });

  test("stays where it is when not all of it is in use", () => {
    const room = new EndpointRoom({ maxInFlight: 64 }, NO_CHANCE);
    for (let started = 0; started < 7; started++) room.start(NOW_MS);
    room.enqueue();
    room.finish(NOW_MS + 10, 10, "ok");
    expect(room.limit).toBe(8);
  });

  test("grows too for those who wait for their slots only", () => {
    const room = new EndpointRoom({ maxInFlight: 64 }, NO_CHANCE);
    for (let started = 0; started < 8; started++) room.start(NOW_MS);
    room.reserve(NOW_MS);
    room.finish(NOW_MS + 10, 10, "ok");
    expect(room.limit).toBe(9);
  });

  test("doubles per round trip, as long as more wait", () => {
    const room = new EndpointRoom({ maxInFlight: 64 }, NO_CHANCE);
    const inFlight = [1, 2, 3, 4, 5].map((round) => {
      const nowMs = NOW_MS + 10 * round;
      for (let ended = room.inFlight; ended > 0; ended--) room.finish(nowMs, 10, "ok");
      for (let come = 0; come < 100; come++) {
        const { kind } = room.admit(nowMs);
        if (kind === "send") room.start(nowMs);
        if (kind === "queue") room.enqueue();
      }
      while (room.canStartQueued(nowMs)) room.startQueued(nowMs);
      return room.inFlight;
    });
    expect(inFlight).toEqual([8, 16, 32, 64, 64]);
  });
});

describe("an endpoint whose breaker opened", () => {
  test("has all deferred to its end, one after another", () => {
    const { room, nowMs, openUntilMs } = createBroken();
    expect(room.breakerState).toBe("open");
    const slots = [1, 2, 3].map(() => slotOf(room.admit(nowMs)));
    // An attempt takes 10 ms, and eight go at a time.
    expect(slots).toEqual([openUntilMs + 2, openUntilMs + 3, openUntilMs + 4]);
    expect(room.nextStartAtMs).toBe(openUntilMs);
  });

  test("gets one probe, and others wait until it is over", () => {
    const { room, openUntilMs } = createBroken();
    expect(room.admit(openUntilMs)).toEqual({ kind: "send" });
    room.start(openUntilMs);
    expect(room.admit(openUntilMs + 1).kind).toBe("defer");
    room.finish(openUntilMs + 10, 10, "ok");
    expect([room.breakerState, room.admit(openUntilMs + 10).kind]).toEqual(["closed", "send"]);
  });

  test("gets another probe when one never ends", () => {
    const { room, openUntilMs } = createBroken();
    room.start(openUntilMs);
    expect(room.admit(openUntilMs + probeMs - 1).kind).toBe("defer");
    expect(room.admit(openUntilMs + probeMs).kind).toBe("send");
  });

  test("gets another probe when nothing was sent of one", () => {
    const { room, openUntilMs } = createBroken();
    room.start(openUntilMs);
    room.finish(openUntilMs, 0, "unsent");
    expect([room.breakerState, room.admit(openUntilMs).kind]).toEqual(["half_open", "send"]);
  });

  test("lets nobody start who is in the queue", () => {
    const { room, nowMs, openUntilMs } = createBroken();
    room.enqueue();
    expect([room.canStartQueued(nowMs), room.canStartQueued(openUntilMs)]).toEqual([false, true]);
  });
});

describe("an endpoint that asked to be left alone", () => {
  test("is left alone for that long, and those who come are spread from then on", () => {
    const room = new EndpointRoom({ maxInFlight: 64, ratePerSecond: 10 }, NO_CHANCE);
    room.start(NOW_MS);
    expect(room.holdBack(NOW_MS + 10, 7000)).toEqual({ waitMs: 7000, isClamped: false });
    room.finish(NOW_MS + 10, 10, "overloaded");
    const endMs = NOW_MS + 7010;
    expect([1, 2].map(() => slotOf(room.admit(NOW_MS + 20)))).toEqual([endMs + 100, endMs + 200]);
    expect(room.nextStartAtMs).toBe(endMs);
    expect(room.admit(endMs).kind).toBe("send");
  });

  test("has no breaker opened for it", () => {
    const room = new EndpointRoom({ maxInFlight: 64 }, NO_CHANCE);
    for (let started = 0; started < 64; started++) room.start(NOW_MS);
    for (let ended = 0; ended < 64; ended++) {
      room.holdBack(NOW_MS + 10, 1000);
      room.finish(NOW_MS + 10, 10, "overloaded");
    }
    expect([room.breakerState, room.nextStartAtMs, room.limit]).toEqual(["closed", NOW_MS + 1010, 4]);
  });

  test("keeps a short wait in the queue", () => {
    const room = new EndpointRoom({ maxInFlight: 64 }, NO_CHANCE);
    room.holdBack(NOW_MS, 500);
    expect([room.admit(NOW_MS).kind, room.admit(NOW_MS + 500).kind]).toEqual(["queue", "send"]);
  });

  test("gives slots behind a day too", () => {
    const room = new EndpointRoom({ maxInFlight: 1 }, NO_CHANCE);
    room.holdBack(NOW_MS, 1e15);
    const slots = Array.from({ length: 10 }, () => slotOf(room.admit(NOW_MS)));
    expect(slots[0]).toBeGreaterThanOrEqual(NOW_MS + 86_400_000 + 20);
    expect(slots.at(-1)).toBeLessThanOrEqual(NOW_MS + 86_400_000 + FIRST_RESERVATION_MS);
  });
});

test("learns nothing of how fast an endpoint is from connections that are refused at once", () => {
  const room = new EndpointRoom({ maxInFlight: 1 }, NO_CHANCE);
  let nowMs = attempt(room, NOW_MS, ["ok"]);
  for (let refused = 0; refused < 5; refused++, nowMs += 1000) {
    room.start(nowMs);
    room.finish(nowMs, 0, "unreachable");
  }
  expect(slotOf({ kind: "defer", untilMs: room.reserve(nowMs) })).toBe(nowMs + MAX_QUEUE_WAIT_MS + 10);
});

test("pauses between attempts where even one at a time is too much", () => {
  const room = new EndpointRoom({ maxInFlight: 1 }, NO_CHANCE);
  attempt(room, NOW_MS - 1000, REFUSALS_BY_CHANCE);
  expect(room.nextStartAtMs).toBeLessThanOrEqual(NOW_MS);
  // A half: one attempt of 10 ms in 20.
  attempt(room, NOW_MS, ["overloaded"]);
  const kindAt = (ms: number): string => room.admit(NOW_MS + ms).kind;
  expect([room.nextStartAtMs, kindAt(10), kindAt(20)]).toEqual([NOW_MS + 20, "queue", "send"]);
  attempt(room, NOW_MS + 20, ["ok"]);
  expect([room.nextStartAtMs, kindAt(30), kindAt(40)]).toEqual([NOW_MS + 40, "queue", "send"]);
});

describe("a wall clock that is set back by a day", () => {
  const backMs = NOW_MS - 86_400_000;

  test("leaves what is held back held back for as long as it was", () => {
    const room = new EndpointRoom({ maxInFlight: 64 }, NO_CHANCE);
    room.holdBack(NOW_MS, 5000);
    expect([room.admit(NOW_MS).kind, room.admit(backMs).kind]).toEqual(["defer", "defer"]);
    expect([room.nextStartAtMs, room.admit(backMs + 5000).kind]).toEqual([backMs + 5000, "send"]);
  });

  test("keeps the rate, the pace and the breaker's end", () => {
    const rated = new EndpointRoom({ maxInFlight: 64, ratePerSecond: 2 }, NO_CHANCE);
    rated.admit(NOW_MS);
    rated.start(NOW_MS);
    rated.enqueue();
    expect([rated.canStartQueued(backMs), rated.canStartQueued(backMs + 500)]).toEqual([false, true]);

    const paced = new EndpointRoom({ maxInFlight: 1 }, NO_CHANCE);
    paced.admit(NOW_MS);
    attempt(paced, NOW_MS - 1000, REFUSALS_BY_CHANCE);
    attempt(paced, NOW_MS, ["overloaded"]);
    expect([paced.admit(backMs).kind, paced.admit(backMs + 20).kind]).toEqual(["queue", "send"]);

    const { room } = createBroken();
    expect(room.admit(backMs).kind).toBe("send");
  });
});

interface Step {
  readonly passedMs: number;
  readonly kind: "come" | "end" | "next" | "hold";
  readonly outcome: EndpointOutcome;
  readonly chosen: number;
}

const steps = fc.array(
  fc.record<Step>({
    passedMs: fc.oneof(fc.nat(50), fc.nat(10_000)),
    kind: fc.constantFrom("come", "come", "come", "end", "end", "next", "hold"),
    outcome: fc.constantFrom("ok", "failed", "failed", "overloaded", "unreachable", "unreachable", "unsent"),
    chosen: fc.nat(20_000),
  }),
  { maxLength: 300, size: "max" },
);

test("whatever comes: starts nothing over the limit, while held back or open, and slots ascend behind that", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 20 }), steps, (maxInFlight, life) => {
      const room = new EndpointRoom({ maxInFlight }, NO_CHANCE);
      const running: number[] = [];
      let [nowMs, heldUntilMs, slotMs] = [NOW_MS, 0, 0];
      const begin = (): void => {
        expect(running.length).toBeLessThan(room.limit);
        expect(nowMs).toBeGreaterThanOrEqual(Math.max(heldUntilMs, room.nextStartAtMs));
        running.push(nowMs);
      };
      for (const { passedMs, kind, outcome, chosen } of life) {
        nowMs += passedMs;
        if (kind === "come") {
          const admission = room.admit(nowMs);
          if (admission.kind === "send") {
            begin();
            room.start(nowMs);
          } else if (admission.kind === "queue") room.enqueue();
          else {
            expect(admission.untilMs).toBeGreaterThanOrEqual(Math.max(slotMs, nowMs + MAX_QUEUE_WAIT_MS, heldUntilMs));
            slotMs = admission.untilMs;
          }
        } else if (kind === "end") {
          const [startedAtMs] = running.splice(chosen % Math.max(1, running.length), 1);
          if (startedAtMs !== undefined) room.finish(nowMs, nowMs - startedAtMs, outcome);
        } else if (kind === "hold") {
          room.holdBack(nowMs, chosen);
          heldUntilMs = Math.max(heldUntilMs, nowMs + chosen);
        } else if (room.canStartQueued(nowMs)) {
          begin();
          room.startQueued(nowMs);
        }
        expect(room.limit).toBeLessThanOrEqual(maxInFlight);
      }
      // Nothing holds for good: with all that is out ended, the room is free after the longest that anything may last.
      for (const startedAtMs of running) room.finish(nowMs, nowMs - startedAtMs, "unreachable");
      while (room.queued > 0) room.leaveQueue();
      expect(room.admit(nowMs + 600_000).kind).toBe("send");
    }),
  );
});
