import { FakeClock } from "@postrider/testing";
import { describe, expect, onTestFinished, test } from "vitest";
import { type Answer, TestService } from "./testing/test-service.ts";
import { createWatchedCache, type WatchedCache } from "./watched-cache.ts";
import { type WatchedCacheNotice, WatchGap } from "./watched-cache-options.ts";

interface Bench {
  readonly cache: WatchedCache<Answer>;
  readonly service: TestService;
  readonly clock: FakeClock;
  readonly notices: WatchedCacheNotice[];
  readonly stop: AbortController;
  readonly start: () => Promise<void>;
  /** Asks, answers with the version if it is asked for, and tells the version that came. */
  readonly versionOf: (scope: string, version: number, key?: string) => Promise<number>;
}

function createBench({ patienceMs = 10_000, maxEntries = 1000 } = {}): Bench {
  const [service, clock, stop] = [new TestService(), new FakeClock(), new AbortController()];
  const notices: WatchedCacheNotice[] = [];
  const cache = createWatchedCache<Answer>({
    ...{ load: service.load, watch: service.watch, maxEntries, patienceMs, clock },
    onNotice: (notice) => notices.push(notice),
  });
  onTestFinished(() => {
    stop.abort();
  });
  const start = (): Promise<void> => cache.run(stop.signal);
  const versionOf = async (scope: string, version: number, key = "x"): Promise<number> => {
    const found = cache.find(scope, key);
    if (!(found instanceof Promise)) return found.version;
    service.loads.at(-1)?.reply(version);
    return (await found).version;
  };
  return { cache, service, clock, notices, stop, start, versionOf };
}

/** A cache that watches, at revision 7. */
async function startWatching(options: { patienceMs?: number; maxEntries?: number } = {}) {
  const bench = createBench(options);
  const ended = bench.start();
  bench.service.watching.tell(7n);
  await settle();
  return { ...bench, ended };
}

async function settle(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

describe("a cache that watches", () => {
  test("asks once, and then knows at once", async () => {
    const { cache, service, versionOf } = await startWatching();
    expect(await versionOf("a", 1)).toBe(1);
    expect(cache.find("a", "x")).toEqual({ version: 1 });
    expect(service.asked).toEqual(["a/x"]);
    expect(cache.state()).toEqual({ isWatching: true, revision: 7n, entries: 2, asking: 0 });
  });

  test("has one question out for all who ask the same", async () => {
    const { cache, service } = await startWatching();
    const asking = [cache.find("a", "x"), cache.find("a", "x")].map(async (found) => found);
    expect(cache.state().asking).toBe(1);
    service.load1.reply(5);
    expect(await Promise.all(asking)).toEqual([{ version: 5 }, { version: 5 }]);
  });

  test("forgets a scope that changes, with all its keys, and no other", async () => {
    const { service, versionOf } = await startWatching();
    for (const [scope, key] of ["ax", "ay", "bx"]) await versionOf(scope ?? "", 1, key);
    service.watching.tell(8n, "a");
    await settle();
    expect([await versionOf("a", 2), await versionOf("a", 2, "y"), await versionOf("b", 2)]).toEqual([2, 2, 1]);
  });

  test("asks again what a change overtakes, and gives its answer to all who wait", async () => {
    const { cache, service } = await startWatching();
    const before = cache.find("a", "x");
    service.watching.tell(8n, "a");
    await settle();
    const after = cache.find("a", "x");
    service.load1.reply(1);
    await settle();
    service.load1.reply(2);
    expect([await before, await after]).toEqual([{ version: 2 }, { version: 2 }]);
    expect(cache.find("a", "x")).toEqual({ version: 2 });
  });

  test("gives an answer at last, and keeps none, while changes overtake each", async () => {
    const { cache, service } = await startWatching();
    const asking = cache.find("a", "x");
    for (let round = 1n; round <= 3n; round += 1n) {
      service.watching.tell(7n + round, "a");
      await settle();
      // Who asks after the last round was overtaken needs a question of its own.
      if (round === 3n) void cache.find("a", "x");
      service.loads[0]?.reply(Number(round));
      await settle();
    }
    expect(await asking).toEqual({ version: 3 });
    expect(cache.state()).toMatchObject({ entries: 0, asking: 1 });
    service.load1.reply(4);
    await settle();
    expect(cache.find("a", "x")).toEqual({ version: 4 });
  });

  test("ends when it is stopped, and leaves no timer", async () => {
    const { stop, ended, clock } = await startWatching();
    stop.abort();
    await ended;
    expect(clock.pendingCount).toBe(0);
  });

  test("holds no more than it may", async () => {
    const { cache, versionOf } = await startWatching({ maxEntries: 20 });
    for (let index = 0; index < 100; index += 1) await versionOf(`s${index}`, 1);
    expect(cache.state().entries).toBeLessThanOrEqual(20);
    expect(cache.find("s99", "x")).toEqual({ version: 1 });
  });
});

describe("a cache that does not watch yet", () => {
  test("keeps no answer", async () => {
    const { service, versionOf } = createBench();
    await versionOf("a", 1);
    expect(await versionOf("a", 2)).toBe(2);
    expect(service.asked).toHaveLength(2);
  });

  test("keeps none that was asked for before the watch began", async () => {
    const { cache, service, start, versionOf } = createBench();
    void start();
    const before = cache.find("a", "x");
    service.load1.reply(1);
    service.watching.tell(7n);
    await before;
    expect(await versionOf("a", 2)).toBe(2);
  });

  test("trusts nothing from before a watch that begins with now, as one of an empty service does", async () => {
    const { service, start, versionOf, clock } = createBench();
    void start();
    service.watching.tell(0n);
    await settle();
    expect(await versionOf("a", 1)).toBe(1);
    service.watching.end(new Error("lost"));
    await clock.advanceAsync(100);
    expect(service.watching.afterRevision).toBe(0n);
    service.watching.tell(3n);
    await settle();
    expect(await versionOf("a", 2)).toBe(2);
  });
});

describe("while the watch is broken", () => {
  test("what is known is served, and what changed meanwhile is asked for once it is back", async () => {
    const { service, versionOf, clock, cache, notices } = await startWatching();
    await versionOf("a", 1);
    await versionOf("b", 1);
    const lost = new Error("lost");
    service.watching.end(lost);
    await settle();
    expect(cache.state().isWatching).toBe(false);
    expect(await versionOf("a", 2)).toBe(1);
    await clock.advanceAsync(100);
    expect(service.watching.afterRevision).toBe(7n);
    service.watching.tell(9n, "a");
    await settle();
    expect([await versionOf("a", 2), await versionOf("b", 2)]).toEqual([2, 1]);
    expect(notices).toEqual([
      { kind: "watch_began", revision: 7n },
      { kind: "watch_broke", error: lost },
      { kind: "watch_began", revision: 9n },
    ]);
  });

  test("a new answer is not kept", async () => {
    const { service, versionOf } = await startWatching();
    service.watching.end("ended");
    await settle();
    expect([await versionOf("a", 1), await versionOf("a", 2)]).toEqual([1, 2]);
  });

  test("an answer that was asked for before the break is not kept after it", async () => {
    const { cache, service, clock, versionOf } = await startWatching();
    const asking = cache.find("a", "x");
    service.watching.end("ended");
    await clock.advanceAsync(100);
    service.watching.tell(7n);
    await settle();
    service.load1.reply(1);
    await asking;
    expect(await versionOf("a", 2)).toBe(2);
  });

  test("a watch that begins at a lower revision forgets everything, what is being asked for too", async () => {
    const { cache, service, clock, versionOf, notices } = await startWatching();
    await versionOf("a", 1);
    service.watching.end("ended");
    await clock.advanceAsync(100);
    const asking = cache.find("b", "x");
    service.watching.tell(3n);
    await settle();
    service.load1.reply(1);
    await settle();
    service.load1.reply(2);
    expect(await asking).toEqual({ version: 2 });
    expect(await versionOf("a", 2)).toBe(2);
    expect(notices).toContainEqual({ kind: "all_forgotten", knownRevision: 7n, revision: 3n });
    service.watching.end("ended");
    await clock.advanceAsync(100);
    expect(service.watching.afterRevision).toBe(3n);
  });

  test("a gap forgets everything, and the watch begins anew", async () => {
    const { service, clock, versionOf } = await startWatching();
    await versionOf("a", 1);
    service.watching.end(new WatchGap("too old"));
    await clock.advanceAsync(100);
    expect(service.watching.afterRevision).toBe(0n);
    expect(await versionOf("a", 2)).toBe(2);
  });

  test("it is tried again at growing distances of at most a second, and soon again after it worked", async () => {
    const { service, clock } = await startWatching();
    const tries: number[] = [];
    const startMs = clock.nowMs();
    for (let round = 0; round < 6; round += 1) {
      service.watching.end(new Error("lost"));
      await settle();
      const before = service.watches.length;
      while (service.watches.length === before) await clock.advanceAsync(50);
      tries.push(clock.nowMs() - startMs);
    }
    expect(tries).toEqual([100, 300, 700, 1500, 2500, 3500]);
    service.watching.tell(8n);
    await settle();
    service.watching.end("ended");
    await clock.advanceAsync(100);
    expect(service.watches).toHaveLength(8);
  });
});

describe("a question that fails", () => {
  test("is asked again until it is answered", async () => {
    const { cache, service, clock } = await startWatching();
    const asking = cache.find("a", "x");
    for (const delayMs of [100, 200, 400]) {
      service.load1.fail(new Error("away"));
      await settle();
      await clock.advanceAsync(delayMs - 1);
      expect(service.loads).toEqual([]);
      await clock.advanceAsync(1);
    }
    service.load1.reply(1);
    expect(await asking).toEqual({ version: 1 });
    expect(cache.find("a", "x")).toEqual({ version: 1 });
  });

  test("rejects when the patience is over, and the next who asks begins anew", async () => {
    const { cache, service, clock, versionOf, notices } = await startWatching({ patienceMs: 1000 });
    const failed = expect(cache.find("a", "x")).rejects.toThrow("away 3");
    for (let round = 1; service.loads.length > 0; round += 1) {
      service.load1.fail(new Error(`away ${round}`));
      await clock.advanceAsync(500);
    }
    await failed;
    expect(clock.pendingCount).toBe(0);
    expect(notices.filter(({ kind }) => kind === "load_failed")).toHaveLength(3);
    expect(await versionOf("a", 1)).toBe(1);
  });

  test("rejects at once without patience", async () => {
    const { cache, service } = await startWatching({ patienceMs: 0 });
    const failed = expect(cache.find("a", "x")).rejects.toThrow("away");
    service.load1.fail(new Error("away"));
    await failed;
  });

  test("is asked again at once when the watch is back", async () => {
    const { cache, service, clock } = await startWatching();
    service.watching.end("ended");
    await clock.advanceAsync(100);
    const asking = cache.find("a", "x");
    service.load1.fail(new Error("away"));
    await clock.advanceAsync(999);
    expect(service.loads).toEqual([]);
    service.watching.tell(7n);
    await settle();
    service.load1.reply(1);
    expect(await asking).toEqual({ version: 1 });
    // It was asked under the new watch.
    expect(cache.find("a", "x")).toEqual({ version: 1 });
  });

  test("is given up when its signal aborts", async () => {
    const { cache, service } = await startWatching();
    const ending = new AbortController();
    const failed = expect(cache.find("a", "x", ending.signal)).rejects.toThrow("the process ends");
    service.load1.fail(new Error("away"));
    await settle();
    ending.abort(new Error("the process ends"));
    await failed;
    expect(cache.state().asking).toBe(0);
  });
});
