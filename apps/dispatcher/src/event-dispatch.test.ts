import type { DeferredTask } from "@postrider/kit-deferred";
import {
  type AppendRecord,
  LogError,
  type LogReader,
  type LogRecord,
  type Position,
  type ReadBackRange,
  type ReaderEvents,
} from "@postrider/kit-event-log";
import { decodeDoneSet } from "@postrider/kit-progress";
import { decodeDeferredDelivery, TO_BE_LOOKED_UP, TOPICS } from "@postrider/records";
import { deferredPromise, FakeClock } from "@postrider/testing";
import { Registry } from "prom-client";
import { describe, expect, onTestFinished, test } from "vitest";
import type { Delivery } from "./delivery.ts";
import { type Directory, LookupUnavailable } from "./directory.ts";
import { createDispatcherMetrics } from "./dispatcher-metrics.ts";
import { runEventDispatch } from "./event-dispatch.ts";
import type { Recorder } from "./recorder.ts";
import { endpointOf, failureOf, recordOf, settle, silentLogger, START_MS } from "./testing/builders.ts";

/** A reader that gives what the test tells it to, and keeps what it is told. */
class TestReader implements LogReader {
  readonly commits: (readonly Position[])[] = [];
  readonly paused = new Set<number>();
  /** What {@link readBack} finds. */
  past: readonly LogRecord[] = [];
  readonly ranges: ReadBackRange[] = [];
  /** Awaited before each page of {@link readBack}. */
  beforePage: (range: ReadBackRange) => Promise<void> = async () => undefined;
  commitAnswer: () => Promise<void> = async () => undefined;
  readonly #positions: readonly Position[];
  readonly #failed = deferredPromise<never>();
  #events: ReaderEvents | undefined;

  constructor(positions: readonly Position[]) {
    this.#positions = positions;
  }

  readonly run = async (events: ReaderEvents, signal: AbortSignal): Promise<void> => {
    this.#events = events;
    await events.assigned(this.#positions);
    const aborted = new Promise<void>((resolve) => {
      signal.addEventListener("abort", () => {
        resolve();
      });
    });
    await Promise.race([aborted, this.#failed.promise]);
  };

  readonly pause = (partition: number): void => void this.paused.add(partition);
  readonly resume = (partition: number): void => void this.paused.delete(partition);

  readonly commit = async (positions: readonly Position[]): Promise<void> => {
    this.commits.push(positions);
    await this.commitAnswer();
  };

  async *readBack(range: ReadBackRange): AsyncGenerator<readonly LogRecord[]> {
    this.ranges.push(range);
    const { partition, sinceMs, fromOffset = 0, beforeOffset } = range;
    const wanted = this.past.filter(
      (record) =>
        record.partition === partition &&
        record.appendedAtMs >= sinceMs &&
        record.offset >= fromOffset &&
        record.offset < beforeOffset,
    );
    for (let start = 0; start === 0 || start < wanted.length; start += 100) {
      await this.beforePage(range);
      yield wanted.slice(start, start + 100);
    }
  }

  give(records: readonly LogRecord[], partition = 0): void {
    this.#events?.records(partition, records);
  }

  async reassign(positions: readonly Position[]): Promise<void> {
    await this.#events?.assigned(positions);
  }

  async revoke(partition: number): Promise<void> {
    await this.#events?.revoked([partition]);
  }

  rebalance(): readonly Position[] {
    return this.#events?.rebalancing?.() ?? [];
  }

  fail(error: LogError): void {
    this.#failed.reject(error);
  }
}

const AT_THE_START: Position = { partition: 0, offset: 1, metadata: "" };

interface Bench {
  readonly deferred: DeferredTask[];
  /** Who wants an event. */
  find: () => ReturnType<Directory["find"]>;
  readonly reader: TestReader;
  readonly clock: FakeClock;
  readonly registry: Registry;
  readonly stop: AbortController;
  readonly abandon: AbortController;
  /** The events whose delivery was begun, by id. */
  readonly begun: string[];
  readonly finish: (...ids: string[]) => Promise<void>;
  /** As {@link finish}, but of the deliveries that are out now, when the returned function is called. */
  readonly takeOut: (...ids: string[]) => () => Promise<void>;
  readonly quarantined: AppendRecord[];
  /** Deliveries that wait for a place at their endpoints. */
  waiting: number;
  quarantine: () => Promise<void>;
  readonly ended: Promise<void>;
}

/** Runs the dispatch over a reader; each delivery ends when the test finishes it. */
async function startDispatch(position = AT_THE_START, past: readonly LogRecord[] = []): Promise<Bench> {
  const reader = new TestReader([position]);
  reader.past = past;
  return startDispatchOn(reader);
}

async function startDispatchOn(reader: TestReader): Promise<Bench> {
  const clock = new FakeClock(START_MS);
  const registry = new Registry();
  const [stop, abandon] = [new AbortController(), new AbortController()];
  const begun: string[] = [];
  const quarantined: AppendRecord[] = [];
  const deferred: DeferredTask[] = [];
  const out = new Map<string, () => void>();
  const deliver = async ({ event }: Delivery): Promise<void> => {
    begun.push(event.id);
    await new Promise<void>((resolve, reject) => {
      out.set(event.id, resolve);
      abandon.signal.addEventListener("abort", () => {
        reject(new Error("the process ends"));
      });
    });
  };
  const recordQuarantined = async (record: AppendRecord): Promise<void> => {
    quarantined.push(record);
    await bench.quarantine();
  };
  const deps = {
    ...{ reader, clock, deliver, logger: silentLogger, commitMs: 200, gates: { waiting: () => bench.waiting } },
    recorder: { recordQuarantined, defer: async (task) => void deferred.push(task) } as Recorder,
    metrics: createDispatcherMetrics({ registry, inFlight: () => 0, closed: () => 0 }),
    directory: { find: () => bench.find(), run: async () => undefined },
  };
  const ended = runEventDispatch(deps, { stop: stop.signal, abandon: abandon.signal });
  ended.catch(() => undefined);
  const takeOut = (...ids: string[]): (() => Promise<void>) => {
    const resolves = ids.map((id) => out.get(id) ?? (() => expect.fail(`${id} is not out`)));
    return async () => {
      for (const resolve of resolves) resolve();
      await settle();
    };
  };
  const finish = async (...ids: string[]): Promise<void> => takeOut(...ids)();
  const bench: Bench = {
    ...{ reader, clock, registry, stop, abandon, begun, finish, takeOut, quarantined, deferred, ended },
    find: () => [endpointOf()],
    waiting: 0,
    quarantine: async () => undefined,
  };
  onTestFinished(() => {
    stop.abort();
    abandon.abort();
  });
  await settle();
  return bench;
}

/** What the last commit says: the offset to read next, and what above it is finished. */
function lastCommit({ reader }: Bench): { offset: number; done: number[] } {
  const [position] = reader.commits.at(-1) ?? [];
  if (!position) throw new Error("nothing was committed");
  const done = decodeDoneSet(position).flatMap(({ from, to }) =>
    Array.from({ length: to - from + 1 }, (_, i) => from + i),
  );
  return { offset: position.offset, done };
}

describe("progress", () => {
  test("commits the lowest unfinished offset, and what is finished above it", async () => {
    const bench = await startDispatch();
    bench.reader.give([1, 2, 3, 4].map((offset) => recordOf(offset)));
    await bench.finish("evt_2", "evt_4");
    await bench.clock.advanceAsync(200);
    expect(lastCommit(bench)).toEqual({ offset: 1, done: [2, 4] });
    await bench.finish("evt_1");
    await bench.clock.advanceAsync(200);
    expect(lastCommit(bench)).toEqual({ offset: 3, done: [4] });
    await bench.finish("evt_3");
    await bench.clock.advanceAsync(200);
    expect(lastCommit(bench)).toEqual({ offset: 5, done: [] });
  });

  test("begins every delivery at once: none waits for one before it", async () => {
    const bench = await startDispatch();
    bench.reader.give([1, 2].map((offset) => recordOf(offset)));
    bench.reader.give([recordOf(7)]);
    expect(bench.begun).toEqual(["evt_1", "evt_2", "evt_7"]);
  });

  test("goes on after a restart with what was not finished, and skips what was", async () => {
    const first = await startDispatch();
    const records = [1, 2, 3, 4].map((offset) => recordOf(offset));
    first.reader.give(records);
    await first.finish("evt_2", "evt_4");
    await first.clock.advanceAsync(200);

    const second = await startDispatch(first.reader.commits.at(-1)?.[0]);
    second.reader.give([...records, recordOf(5)]);
    expect(second.begun).toEqual(["evt_1", "evt_3", "evt_5"]);
    await second.finish("evt_1", "evt_3");
    await second.clock.advanceAsync(200);
    expect(lastCommit(second)).toEqual({ offset: 5, done: [] });
  });

  test("commits every 200 ms, and only when something was finished", async () => {
    const bench = await startDispatch();
    await bench.clock.advanceAsync(1000);
    bench.reader.give([recordOf(1), recordOf(2)]);
    await bench.clock.advanceAsync(1000);
    expect(bench.reader.commits).toEqual([]);
    await bench.finish("evt_1");
    await bench.clock.advanceAsync(199);
    expect(bench.reader.commits).toEqual([]);
    await bench.clock.advanceAsync(1);
    await bench.clock.advanceAsync(1000);
    expect(bench.reader.commits).toHaveLength(1);
  });

  test("that could not be committed is committed the next time", async () => {
    const bench = await startDispatch();
    bench.reader.commitAnswer = async () => Promise.reject(new LogError("unavailable", "away"));
    bench.reader.give([recordOf(1)]);
    await bench.finish("evt_1");
    await bench.clock.advanceAsync(400);
    bench.reader.commitAnswer = async () => undefined;
    await bench.clock.advanceAsync(1000);
    expect(bench.reader.commits.map((positions) => positions.map(({ offset }) => offset))).toEqual([[2], [2], [2]]);
  });

  test("has one commit out at a time", async () => {
    const bench = await startDispatch();
    const { promise, resolve } = deferredPromise();
    bench.reader.commitAnswer = async () => promise;
    bench.reader.give([recordOf(1), recordOf(2)]);
    await bench.finish("evt_1");
    await bench.clock.advanceAsync(200);
    await bench.finish("evt_2");
    await bench.clock.advanceAsync(1000);
    expect(bench.reader.commits).toHaveLength(1);
    resolve(undefined);
    await bench.clock.advanceAsync(400);
    expect(lastCommit(bench)).toEqual({ offset: 3, done: [] });
  });
});

describe("an id that was published again", () => {
  const again = (offset: number, changes: Parameters<typeof recordOf>[1] = {}): LogRecord =>
    recordOf(offset, { id: "evt_1", ...changes });

  test("is delivered once, and finished at once", async () => {
    const bench = await startDispatch();
    bench.reader.give([recordOf(1), again(2), again(3)]);
    expect(bench.begun).toEqual(["evt_1"]);
    await bench.clock.advanceAsync(200);
    expect(lastCommit(bench)).toEqual({ offset: 1, done: [2, 3] });
    expect(await bench.registry.metrics()).toContain("postrider_repeated_events_total 2");
  });

  test("by another tenant is another event", async () => {
    const bench = await startDispatch();
    bench.reader.give([recordOf(1), again(2, { tenantId: "app-8" })]);
    expect(bench.begun).toEqual(["evt_1", "evt_1"]);
  });

  test("after ten minutes is delivered again", async () => {
    const bench = await startDispatch();
    const first = recordOf(1);
    const tenMinutes = first.appendedAtMs + 600_000;
    bench.reader.give([first, again(2, { acceptedAtMs: tenMinutes })]);
    expect(bench.begun).toEqual(["evt_1"]);
    bench.reader.give([again(3, { acceptedAtMs: tenMinutes + 1 })]);
    expect(bench.begun).toEqual(["evt_1", "evt_1"]);
  });

  test("is known over a restart", async () => {
    const position = { ...AT_THE_START, offset: 5 };
    const bench = await startDispatch(position, [recordOf(1), recordOf(4), recordOf(6)]);
    bench.reader.give([again(5), recordOf(6), recordOf(7, { id: "evt_4" })]);
    // evt_6 was read back in vain: what is not below the position is new.
    expect(bench.begun).toEqual(["evt_6"]);
    await bench.finish("evt_6");
    await bench.clock.advanceAsync(200);
    expect(lastCommit(bench)).toEqual({ offset: 8, done: [] });
  });

  test("that stands at a skipped offset is known too", async () => {
    const first = await startDispatch();
    first.reader.give([recordOf(1), recordOf(2)]);
    await first.finish("evt_2");
    await first.clock.advanceAsync(200);
    const second = await startDispatch(first.reader.commits.at(-1)?.[0]);
    second.reader.give([recordOf(1), recordOf(2), recordOf(3, { id: "evt_2" })]);
    expect(second.begun).toEqual(["evt_1"]);
  });
});

describe("a record that is no event", () => {
  const malformed: LogRecord = { ...recordOf(1), headers: { ce_specversion: "1.0", extra: "kept" } };

  test("is quarantined with its reason, and finished when that is durable", async () => {
    const bench = await startDispatch();
    const { promise, resolve } = deferredPromise();
    bench.quarantine = async () => promise;
    bench.reader.give([malformed]);
    await bench.clock.advanceAsync(200);
    expect(bench.quarantined).toEqual([
      {
        topic: TOPICS.quarantine,
        headers: { ...malformed.headers, "postrider-reason": "ce_id is missing", "postrider-offset": "1" },
        value: malformed.value,
      },
    ]);
    expect([bench.begun, bench.reader.commits]).toEqual([[], []]);
    resolve(undefined);
    await bench.clock.advanceAsync(200);
    expect(lastCommit(bench)).toEqual({ offset: 2, done: [] });
    expect(await bench.registry.metrics()).toContain("postrider_quarantined_total 1");
  });

  test("does not make its corrected form, of the same id, a repetition; not after a restart either", async () => {
    const wrong = { ...recordOf(1), headers: { ...recordOf(1).headers, ce_time: "yesterday" } };
    const bench = await startDispatch();
    bench.reader.give([wrong, recordOf(2, { id: "evt_1" })]);
    expect(bench.begun).toEqual(["evt_1"]);
    const restarted = await startDispatch({ ...AT_THE_START, offset: 2 }, [wrong]);
    restarted.reader.give([recordOf(2, { id: "evt_1" })]);
    expect(restarted.begun).toEqual(["evt_1"]);
  });

  test("without an id is not taken for a repetition of another without one", async () => {
    const bench = await startDispatch();
    bench.reader.give([malformed, { ...malformed, offset: 2 }]);
    await settle();
    expect(bench.quarantined).toHaveLength(2);
  });
});

describe("a full window", () => {
  const large = Buffer.alloc(262_144);
  const maxRecords = 2048;

  test("pauses its partition, which goes on when it is half empty", async () => {
    const bench = await startDispatch();
    const ids = Array.from({ length: 128 }, (_, index) => `evt_${index + 1}`);
    const records = ids.map((_, index) => recordOf(index + 1, { data: large }));
    bench.reader.give(records.slice(0, 127));
    expect([...bench.reader.paused]).toEqual([]);
    bench.reader.give(records.slice(127));
    expect([...bench.reader.paused]).toEqual([0]);
    // Records in flight may still come, and are taken.
    bench.reader.give([recordOf(129)]);
    expect(bench.begun).toHaveLength(129);
    await bench.finish(...ids.slice(0, 64));
    expect([...bench.reader.paused]).toEqual([0]);
    await bench.finish(...ids.slice(64, 66));
    expect([...bench.reader.paused]).toEqual([]);
  });

  test("holds all partitions while this process is what deliveries wait for, whatever room they have", async () => {
    const bench = await startDispatchOn(new TestReader([AT_THE_START, { ...AT_THE_START, partition: 1 }]));
    bench.waiting = 5000;
    bench.reader.give([recordOf(1)]);
    bench.clock.stall(50);
    expect([...bench.reader.paused].sort()).toEqual([0, 1]);
    await bench.reader.reassign([{ ...AT_THE_START, partition: 2 }]);
    expect([...bench.reader.paused].sort()).toEqual([0, 1, 2]);
    await bench.finish("evt_1");
    expect(bench.reader.paused.size).toBe(3);
    bench.waiting = 0;
    bench.clock.advance(20);
    expect(bench.reader.paused.size).toBe(0);
  });

  test("is also one of many small events", async () => {
    const bench = await startDispatch();
    const records = Array.from({ length: maxRecords }, (_, index) => recordOf(index + 1));
    bench.reader.give(records.slice(1));
    expect([...bench.reader.paused]).toEqual([]);
    bench.reader.give([recordOf(maxRecords + 1)]);
    expect([...bench.reader.paused]).toEqual([0]);
  });
});

describe("the end", () => {
  test("waits for a commit that is out before the last one", async () => {
    const bench = await startDispatch();
    const { promise, resolve } = deferredPromise();
    bench.reader.commitAnswer = async () => promise;
    bench.reader.give([recordOf(1), recordOf(2)]);
    await bench.finish("evt_1");
    await bench.clock.advanceAsync(200);
    bench.stop.abort();
    await bench.finish("evt_2");
    expect(bench.reader.commits).toHaveLength(1);
    resolve(undefined);
    await bench.ended;
    expect(lastCommit(bench)).toEqual({ offset: 3, done: [] });
  });

  test("waits for what is out, then commits", async () => {
    const bench = await startDispatch();
    bench.reader.give([recordOf(1), recordOf(2)]);
    let hasEnded = false;
    const ended = bench.ended.then(() => (hasEnded = true));
    bench.stop.abort();
    await bench.finish("evt_1");
    expect(hasEnded).toBe(false);
    await bench.finish("evt_2");
    await ended;
    expect(lastCommit(bench)).toEqual({ offset: 3, done: [] });
    expect(bench.clock.pendingCount).toBe(0);
  });

  test("waits also for what came after all before it had ended, and for a quarantine", async () => {
    const bench = await startDispatch();
    const { promise, resolve } = deferredPromise();
    bench.quarantine = async () => promise;
    bench.reader.give([recordOf(1)]);
    await bench.finish("evt_1");
    bench.reader.give([recordOf(2), recordOf(3, { id: "evt_2" }), { ...recordOf(4), headers: {} }]);
    let hasEnded = false;
    const ended = bench.ended.then(() => (hasEnded = true));
    bench.stop.abort();
    await bench.finish("evt_2");
    expect(hasEnded).toBe(false);
    resolve(undefined);
    await ended;
    expect(lastCommit(bench)).toEqual({ offset: 5, done: [] });
  });

  test("leaves what is still out when time is up to the next start", async () => {
    const bench = await startDispatch();
    bench.reader.give([recordOf(1), recordOf(2), recordOf(3)]);
    await bench.finish("evt_2");
    bench.stop.abort();
    await settle();
    bench.abandon.abort();
    await bench.ended;
    expect(lastCommit(bench)).toEqual({ offset: 1, done: [2] });
  });

  test("comes with the reader's failure", async () => {
    const bench = await startDispatch();
    const failure = new LogError("unavailable", "reading can't go on");
    bench.reader.fail(failure);
    expect(await failureOf(bench.ended)).toBe(failure);
  });
});

/** Not what this reader began with, nor what it committed. Metadata that can't be understood counts as none. */
const COMMITTED_BY_OTHERS: Position = { ...AT_THE_START, metadata: "?" };

describe("a partition that goes to somebody else", () => {
  test("is not committed any more, and late results are ignored", async () => {
    const bench = await startDispatch();
    bench.reader.give([recordOf(1)]);
    await bench.reader.revoke(0);
    await bench.finish("evt_1");
    bench.reader.give([recordOf(2)]);
    await bench.clock.advanceAsync(1000);
    expect([bench.begun, bench.reader.commits, bench.reader.rebalance()]).toEqual([["evt_1"], [], []]);
  });

  test("and comes back starts from where it then stands", async () => {
    const bench = await startDispatch();
    bench.reader.give([recordOf(1), recordOf(2)]);
    await bench.reader.revoke(0);
    await bench.reader.reassign([{ ...AT_THE_START, offset: 2 }]);
    bench.reader.give([recordOf(2), recordOf(3)]);
    expect(bench.begun).toEqual(["evt_1", "evt_2", "evt_2", "evt_3"]);
    await bench.finish("evt_3");
    await bench.clock.advanceAsync(200);
    expect(lastCommit(bench)).toEqual({ offset: 2, done: [3] });
  });

  test.each([true, false])("and comes back owes nothing to what ends late (revoked before: %s)", async (isRevoked) => {
    const bench = await startDispatch();
    bench.reader.give([recordOf(1), recordOf(2)]);
    const endLate = bench.takeOut("evt_1", "evt_2");
    if (isRevoked) await bench.reader.revoke(0);
    await bench.reader.reassign([COMMITTED_BY_OTHERS]);
    bench.reader.give([recordOf(1), recordOf(2)]);
    await endLate();
    await bench.clock.advanceAsync(200);
    expect(lastCommit(bench)).toEqual({ offset: 1, done: [] });
    await bench.finish("evt_1");
    await bench.clock.advanceAsync(200);
    expect(lastCommit(bench)).toEqual({ offset: 2, done: [] });
  });

  test.each([true, false])(
    "while it was paused, and again when it is back, is not resumed by what ends late (revoked before: %s)",
    async (isRevoked) => {
      const bench = await startDispatch();
      const records = Array.from({ length: 128 }, (_, index) => recordOf(index + 1, { data: Buffer.alloc(262_144) }));
      bench.reader.give(records);
      const endLate = bench.takeOut(...bench.begun);
      if (isRevoked) await bench.reader.revoke(0);
      bench.reader.resume(0); // A pause does not outlive its partition.
      await bench.reader.reassign([COMMITTED_BY_OTHERS]);
      bench.reader.give(records);
      expect([...bench.reader.paused]).toEqual([0]);
      await endLate();
      expect([...bench.reader.paused]).toEqual([0]);
    },
  );

  test("still counts as out until its deliveries end: the last commit waits for all, and the end comes", async () => {
    const bench = await startDispatchOn(new TestReader([AT_THE_START, { ...AT_THE_START, partition: 1 }]));
    bench.reader.give([recordOf(1)]);
    bench.reader.give([recordOf(1, { id: "evt_2" })], 1);
    await bench.reader.revoke(0);
    let hasEnded = false;
    const ended = bench.ended.then(() => (hasEnded = true));
    bench.stop.abort();
    await bench.finish("evt_2");
    expect(hasEnded).toBe(false);
    await bench.finish("evt_1");
    await ended;
    expect(bench.reader.commits).toEqual([[{ partition: 1, offset: 2, metadata: "" }]]);
  });

  test("leaves the windows of those that stay as they are", async () => {
    const bench = await startDispatchOn(new TestReader([AT_THE_START, { ...AT_THE_START, partition: 1 }]));
    for (const partition of [0, 1]) {
      const records = [1, 2].map((offset) => recordOf(offset, { id: `evt_${partition}_${offset}` }));
      bench.reader.give(records, partition);
    }
    await bench.reader.revoke(0);
    await bench.reader.reassign([{ ...AT_THE_START, partition: 2 }]);
    await bench.finish("evt_1_2");
    await bench.clock.advanceAsync(200);
    expect(lastCommit(bench)).toEqual({ offset: 1, done: [2] });
    // They are read again from the committed position, and nothing of it is begun twice.
    bench.reader.give(
      [1, 2, 3].map((offset) => recordOf(offset, { id: `evt_1_${offset}` })),
      1,
    );
    expect(bench.begun).toEqual(["evt_0_1", "evt_0_2", "evt_1_1", "evt_1_2", "evt_1_3"]);
  });
});

describe("a partition that goes and comes back, with no commit by anybody else", () => {
  test("goes on where it was: nothing is begun again, and what ends meanwhile counts", async () => {
    const bench = await startDispatch();
    bench.reader.give([recordOf(1), recordOf(2), recordOf(3)]);
    await bench.finish("evt_2");
    await bench.reader.revoke(0);
    await bench.finish("evt_3");
    await bench.reader.reassign([AT_THE_START]);
    bench.reader.give([1, 2, 3, 4].map((offset) => recordOf(offset)));
    expect(bench.begun).toEqual(["evt_1", "evt_2", "evt_3", "evt_4"]);
    await bench.clock.advanceAsync(200);
    expect(lastCommit(bench)).toEqual({ offset: 1, done: [2, 3] });
    await bench.finish("evt_1", "evt_4");
    await bench.clock.advanceAsync(200);
    expect(lastCommit(bench)).toEqual({ offset: 5, done: [] });
  });

  test.each([
    ["is durable though its answer was lost", true],
    ["never arrived", false],
  ])("goes on too where its last commit %s", async (_, isDurable) => {
    const bench = await startDispatch();
    bench.reader.commitAnswer = async () => Promise.reject(new LogError("unavailable", "the coordinator is gone"));
    bench.reader.give([recordOf(1), recordOf(2)]);
    await bench.finish("evt_1");
    await bench.clock.advanceAsync(200);
    await bench.reader.revoke(0);
    await bench.reader.reassign([isDurable ? { ...AT_THE_START, offset: 2 } : AT_THE_START]);
    bench.reader.give((isDurable ? [2, 3] : [1, 2, 3]).map((offset) => recordOf(offset)));
    expect(bench.begun).toEqual(["evt_1", "evt_2", "evt_3"]);
  });

  test("was committed by us when it went: then that is where it may go on", async () => {
    const bench = await startDispatch();
    bench.reader.give([recordOf(1), recordOf(2)]);
    await bench.finish("evt_1");
    await bench.reader.revoke(0);
    // The commit before the partition moved arrived, or did not: the log knows.
    await bench.clock.advanceAsync(200);
    expect(bench.reader.commits).toEqual([]);
    await bench.reader.reassign([AT_THE_START]);
    await bench.clock.advanceAsync(200);
    expect(lastCommit(bench)).toEqual({ offset: 2, done: [] });
  });

  test("is paused again if it was full, and read on when it has room", async () => {
    const bench = await startDispatch();
    const records = Array.from({ length: 128 }, (_, index) => recordOf(index + 1, { data: Buffer.alloc(262_144) }));
    bench.reader.give(records);
    await bench.reader.revoke(0);
    bench.reader.resume(0); // A pause does not outlive its partition.
    await bench.reader.reassign([AT_THE_START]);
    expect([...bench.reader.paused]).toEqual([0]);
    await bench.finish(...bench.begun.slice(0, 100));
    expect([...bench.reader.paused]).toEqual([]);
  });

  test("begins anew after a minute: so long is remembered what was known", async () => {
    const bench = await startDispatch();
    bench.reader.give([recordOf(1)]);
    await bench.reader.revoke(0);
    await bench.clock.advanceAsync(60_000);
    await bench.reader.reassign([AT_THE_START]);
    bench.reader.give([recordOf(1)]);
    expect(bench.begun).toEqual(["evt_1", "evt_1"]);
  });
});

describe("a rebalance", () => {
  test("gets everything that is finished and not committed yet", async () => {
    const bench = await startDispatchOn(new TestReader([AT_THE_START, { ...AT_THE_START, partition: 1 }]));
    bench.reader.give([recordOf(1), recordOf(2)]);
    bench.reader.give([recordOf(1, { id: "evt_3" })], 1);
    await bench.finish("evt_2");
    const [position, ...others] = bench.reader.rebalance();
    if (!position) throw new Error("nothing was given");
    expect([position.partition, position.offset, decodeDoneSet(position)]).toEqual([0, 1, [{ from: 2, to: 2 }]]);
    expect(others).toEqual([]);
    expect(await bench.registry.metrics()).toContain("postrider_rebalances_total 1");
  });

  test("that could not commit that takes nothing from the next commit", async () => {
    const bench = await startDispatch();
    bench.reader.give([recordOf(1)]);
    await bench.finish("evt_1");
    bench.reader.rebalance();
    await bench.clock.advanceAsync(200);
    expect(lastCommit(bench)).toEqual({ offset: 2, done: [] });
  });

  test("tells how many partitions there are here", async () => {
    const bench = await startDispatchOn(new TestReader([0, 1, 2].map((partition) => ({ ...AT_THE_START, partition }))));
    await bench.reader.revoke(1);
    expect(await bench.registry.metrics()).toContain("postrider_assigned_partitions 2");
  });
});

describe("reading back at an assignment", () => {
  test("goes on for other partitions while one takes long", async () => {
    const reader = new TestReader([0, 1, 2].map((partition) => ({ ...AT_THE_START, partition })));
    reader.beforePage = async ({ partition }) => (partition === 0 ? new Promise(() => undefined) : undefined);
    await startDispatchOn(reader);
    expect(reader.ranges.map(({ partition }) => partition)).toEqual([0, 1, 2]);
  });

  test("is of a few partitions at a time", async () => {
    const reader = new TestReader(Array.from({ length: 30 }, (_, partition) => ({ ...AT_THE_START, partition })));
    const { promise, resolve } = deferredPromise();
    reader.beforePage = async () => promise;
    const bench = await startDispatchOn(reader);
    expect(reader.ranges).toHaveLength(8);
    resolve(undefined);
    await bench.clock.advanceAsync(0);
    expect(reader.ranges).toHaveLength(30);
    bench.reader.give([recordOf(1)], 29);
    expect(bench.begun).toEqual(["evt_1"]);
  });

  test("asks for no more records than ids are kept", async () => {
    const { reader } = await startDispatch({ ...AT_THE_START, offset: 2_000_000 });
    expect(reader.ranges).toEqual([
      { partition: 0, sinceMs: START_MS - 600_000, fromOffset: 1_500_000, beforeOffset: 2_000_000 },
    ]);
  });

  test("leaves out the older ones where all together are too large", async () => {
    const data = Buffer.alloc(262_144);
    const past = Array.from({ length: 3000 }, (_, index) => recordOf(index + 1, { data }));
    const bench = await startDispatch({ ...AT_THE_START, offset: 3001 }, past);
    // 256 MiB are 1,024 of them.
    expect(bench.reader.ranges.map(({ fromOffset }) => fromOffset)).toEqual([0, 1977]);
    bench.reader.give([recordOf(3001, { id: "evt_1977" }), recordOf(3002, { id: "evt_1000" })]);
    expect(bench.begun).toEqual(["evt_1000"]);
  });

  test("is tried again while the log is away", async () => {
    const reader = new TestReader([{ ...AT_THE_START, offset: 2 }]);
    reader.past = [recordOf(1)];
    let failures = 4;
    reader.beforePage = async () => {
      if (failures-- > 0) throw new LogError("unavailable", "away");
    };
    const bench = await startDispatchOn(reader);
    await bench.clock.advanceAsync(499);
    expect(reader.ranges).toHaveLength(1);
    await bench.clock.advanceAsync(1501);
    bench.reader.give([recordOf(2, { id: "evt_1" })]);
    expect([bench.begun, reader.ranges.length]).toEqual([[], 5]);
  });

  test("that can't be done holds nothing up for ever: then an id that comes again is delivered again", async () => {
    const reader = new TestReader([{ ...AT_THE_START, offset: 2 }]);
    reader.past = [recordOf(1)];
    reader.beforePage = async () => Promise.reject(new LogError("unavailable", "away"));
    const bench = await startDispatchOn(reader);
    await bench.clock.advanceAsync(2000);
    bench.reader.give([recordOf(2, { id: "evt_1" })]);
    expect([bench.begun, reader.ranges.length]).toEqual([["evt_1"], 5]);
  });
});

test("an event that nobody can look up is finished in its window, and waits as a deferred one", async () => {
  const bench = await startDispatch();
  bench.find = async () => Promise.reject(new LookupUnavailable("lookups fail"));
  bench.reader.give([recordOf(1)]);
  bench.find = () => [endpointOf()];
  bench.reader.give([recordOf(2)]);
  await bench.finish("evt_2");
  await bench.clock.advanceAsync(200);
  expect(lastCommit(bench)).toEqual({ offset: 3, done: [] });
  expect(bench.deferred.map(({ value }) => decodeDeferredDelivery(value))).toMatchObject([
    { event: { id: "evt_1" }, subscriptionId: TO_BE_LOOKED_UP },
  ]);
});
