import { FakeClock } from "@postrider/testing";
import fc from "fast-check";
import { expect, test } from "vitest";
import { DeferredError } from "../deferred.ts";
import { createMemoryKafka, type MemoryKafka } from "../testing/memory-kafka.ts";
import { type HandedOut, pauseFor, startWheelProcess, type WheelProcess } from "../testing/wheel-process.ts";
import { openKafkaDeferred } from "./open-kafka-deferred.ts";
import { createTiers, defaultTopicPrefix } from "./tiers.ts";

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const partitions = 3;

const delays = fc.oneof(fc.integer({ min: -5_000, max: 10_000 }), fc.nat(3 * minuteMs), fc.nat(9 * hourMs));
const bursts = fc.array(
  fc.record({ atMs: fc.nat(20 * minuteMs), delayMs: delays, count: fc.constantFrom(1, 1, 5, 40) }),
  { minLength: 1, maxLength: 30, size: "max" },
);
const faults = fc.array(
  fc.record({
    atMs: fc.oneof(fc.nat(2 * minuteMs), fc.nat(hourMs), fc.nat(9 * hourMs)),
    kind: fc.constantFrom("kill", "restart", "join", "leave", "rebalance", "away", "lost_answers", "rejects"),
    lastMs: fc.oneof(fc.nat(2_000), fc.nat(2 * minuteMs), fc.nat(10 * minuteMs)),
  }),
  { maxLength: 25, size: "max" },
);
/** Few, so that tasks wait for room and are moved for want of it. */
const maxHeld = fc.constantFrom(2, 8, 20_000);

test("whatever is killed, moved or away: every task is handled at least once, and none is handed out early", async () => {
  const property = fc.asyncProperty(bursts, faults, maxHeld, async (planned, faulty, held) => {
    const world = createWorld({ maxHeld: held, maxInFlight: 5 });
    await world.run(planned, faulty);
    expect(world.early()).toEqual([]);
    expect(world.lost()).toEqual([]);
    expect(await world.unfinished()).toEqual([]);
  });
  await fc.assert(property, { numRuns: 100 });
}, 120_000);

test("when nothing goes wrong, each task is handed out once, and within half a second of its time", async () => {
  const property = fc.asyncProperty(bursts, async (planned) => {
    const world = createWorld({ maxHeld: 20_000, maxInFlight: 5_000 });
    await world.run(planned, []);
    const late = world.handedOut().filter(({ atMs, dueAtMs }) => atMs < dueAtMs || atMs > dueAtMs + 500);
    expect(late.filter(({ key }) => !world.wasDueBefore(key))).toEqual([]);
    expect(world.handedOut()).toHaveLength(planned.reduce((sum, { count }) => sum + count, 0));
    expect(world.lost()).toEqual([]);
  });
  await fc.assert(property, { numRuns: 60 });
}, 120_000);

/** Tasks that are deferred together, due one after another. */
interface PlannedBurst {
  readonly atMs: number;
  readonly delayMs: number;
  readonly count: number;
}

interface PlannedFault {
  readonly atMs: number;
  readonly kind: "kill" | "restart" | "join" | "leave" | "rebalance" | "away" | "lost_answers" | "rejects";
  readonly lastMs: number;
}

/** Some processes on one cluster, whose time passes as fast as it is told to. */
function createWorld(bounds: { readonly maxHeld: number; readonly maxInFlight: number }) {
  const clock = new FakeClock();
  const memory = createMemoryKafka({ clock, partitions });
  const client = openKafkaDeferred({ kafka: memory.connect(), clock });
  const all: WheelProcess[] = [];
  let alive: WheelProcess[] = [];
  const accepted = new Map<string, number>();
  const dueBefore = new Set<string>();
  const handled = new Set<string>();
  let isRejecting = false;

  const start = (): void => {
    const process = startWheelProcess({
      ...{ memory, clock, ...bounds },
      onDue: async ({ key }) => {
        // Long enough for things to happen meanwhile; some at once.
        if (key.endsWith("0")) await pauseFor(clock, 700);
        if (isRejecting) throw new Error("not now");
        if (alive.includes(process)) handled.add(key);
      },
    });
    all.push(process);
    alive.push(process);
  };
  const end = (how: (process: WheelProcess) => unknown): void => {
    const [oldest, ...others] = alive;
    alive = others;
    if (oldest) how(oldest);
  };
  const during = (lastMs: number, set: (isOn: boolean) => void): void => {
    set(true);
    clock.after(lastMs, () => {
      set(false);
    });
  };
  const stop = (process: WheelProcess): void => {
    // While it drains, what it finishes counts.
    alive.push(process);
    void process.stop().then(() => (alive = alive.filter((each) => each !== process)));
  };
  const cause: Record<PlannedFault["kind"], (lastMs: number) => void> = {
    kill: () => {
      end((process) => {
        process.kill();
      });
      start();
    },
    restart: (lastMs) => {
      end(stop);
      clock.after(lastMs, start);
    },
    join: () => {
      if (alive.length < 3) start();
    },
    leave: () => {
      if (alive.length > 1) end(stop);
    },
    rebalance: () => void memory.rebalance(defaultTopicPrefix),
    away: (lastMs) => {
      during(lastMs, (isOn) => (memory.faults.isAway = isOn));
    },
    lost_answers: (lastMs) => {
      // Each try leaves a copy.
      during(Math.min(lastMs, 10_000), (isOn) => (memory.faults.losesAnswers = isOn));
    },
    rejects: (lastMs) => {
      during(lastMs, (isOn) => (isRejecting = isOn));
    },
  };
  const defer = async (key: string, dueAtMs: number): Promise<void> => {
    for (;;) {
      try {
        await client.defer([{ key, value: new TextEncoder().encode(key), dueAtMs }]);
        break;
      } catch (error) {
        if (!(error instanceof DeferredError && error.code === "unavailable")) throw error;
        await pauseFor(clock, 10_000);
      }
    }
    if (dueAtMs < clock.nowMs()) dueBefore.add(key);
    accepted.set(key, dueAtMs);
  };

  return {
    run: async (planned: readonly PlannedBurst[], faulty: readonly PlannedFault[]) => {
      start();
      for (const [index, { atMs, delayMs, count }] of planned.entries()) {
        clock.after(atMs, () => {
          for (let n = 0; n < count; n++) void defer(`task-${index}-${n}`, clock.nowMs() + delayMs + 250 * n);
        });
      }
      for (const { atMs, kind, lastMs } of faulty) {
        clock.after(atMs, () => {
          cause[kind](lastMs);
        });
      }
      await clock.advanceAsync(10 * hourMs);
      if (alive.length === 0) start();
      await clock.advanceAsync(15 * minuteMs);
    },
    early: () => all.flatMap(({ handedOut }) => handedOut).filter(({ atMs, dueAtMs }) => atMs < dueAtMs),
    lost: () => [...accepted.keys()].filter((key) => !handled.has(key)),
    handedOut: (): HandedOut[] => all.flatMap(({ handedOut }) => handedOut),
    wasDueBefore: (key: string) => dueBefore.has(key),
    /** Partitions whose committed position is not their end, after everything stopped. */
    unfinished: async () => {
      for (const process of alive) await Promise.all([process.stop(), clock.advanceAsync(1_000)]);
      return listUncommitted(memory);
    },
  };
}

function listUncommitted(memory: MemoryKafka): readonly string[] {
  return createTiers(defaultTopicPrefix).flatMap(({ topic }) =>
    Array.from({ length: partitions }, (_, partition) => ({ topic, partition })).flatMap((from) => {
      const end = memory.log.read(from).length;
      const committed = memory.findCommitted(defaultTopicPrefix, from)?.offset ?? 0;
      return end === committed ? [] : [`${topic}:${from.partition} is at ${committed} of ${end}`];
    }),
  );
}
