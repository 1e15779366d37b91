import { describe, expect, test } from "vitest";
import { EndpointRoom, MAX_QUEUE_WAIT_MS } from "./endpoint-room.ts";
import type { EndpointOutcome } from "./outcome.ts";

const NOW_MS = 1_700_000_000_000;

interface Answer {
  readonly afterMs: number;
  readonly outcome: EndpointOutcome;
  readonly retryAfterMs?: number;
}

/** An endpoint, by the time since the start. */
type Receive = (atMs: number) => Answer;

interface Waiting {
  readonly cameAtMs: number;
  sinceMs: number;
  heldSinceMs?: number;
  copies: number;
}

/** Deliveries that come, wait, are put off and sent as the dispatcher does it, in simulated time. */
class Bench {
  readonly #room = new EndpointRoom({ maxInFlight: 64 }, () => 0.5);
  readonly #receive: Receive;
  readonly #at = new Map<number, (() => void)[]>();
  readonly #queue: Waiting[] = [];
  #atMs = 0;
  attempts = 0;
  readonly done: { readonly copies: number; readonly cameAtMs: number; readonly waitedMs: number }[] = [];

  constructor(receive: Receive) {
    this.#receive = receive;
  }

  /** Five come per millisecond, or fewer; ends when all were delivered, or at the latest time; gives the time. */
  run(count: number, { perMs = 5, latestMs }: { readonly perMs?: number; readonly latestMs: number }): number {
    let come = 0;
    for (; this.#atMs < latestMs && this.done.length < count; this.#atMs++) {
      for (const act of this.#at.get(this.#atMs) ?? []) act();
      this.#at.delete(this.#atMs);
      this.#letIn();
      if (this.#atMs % 250 === 0) this.#turnAway();
      for (; come < Math.min(count, perMs * (this.#atMs + 1)); come++) {
        this.#enter({ cameAtMs: this.#atMs, sinceMs: 0, copies: 0 });
      }
    }
    return this.#atMs;
  }

  #enter(one: Waiting): void {
    const admission = this.#room.admit(NOW_MS + this.#atMs, one.heldSinceMs);
    if (admission.kind === "send") {
      this.#room.start(NOW_MS + this.#atMs);
      this.#send(one);
    } else if (admission.kind === "queue") {
      this.#room.enqueue();
      one.sinceMs = this.#atMs;
      this.#queue.push(one);
    } else this.#defer(one, admission.untilMs);
  }

  #send(one: Waiting): void {
    this.attempts++;
    const { afterMs, outcome, retryAfterMs } = this.#receive(this.#atMs);
    this.#plan(this.#atMs + afterMs, () => {
      const nowMs = NOW_MS + this.#atMs;
      if (retryAfterMs !== undefined) this.#room.holdBack(nowMs, retryAfterMs);
      this.#room.finish(nowMs, afterMs, outcome);
      if (outcome === "ok") this.done.push({ ...one, waitedMs: this.#atMs - one.cameAtMs });
      else {
        delete one.heldSinceMs;
        this.#plan(this.#atMs + 5000, () => {
          this.#enter(one);
        });
      }
    });
  }

  #defer(one: Waiting, untilMs: number): void {
    one.copies++;
    one.heldSinceMs ??= NOW_MS + this.#atMs;
    this.#plan(untilMs - NOW_MS, () => {
      this.#enter(one);
    });
  }

  #letIn(): void {
    while (this.#room.canStartQueued(NOW_MS + this.#atMs)) {
      this.#room.startQueued(NOW_MS + this.#atMs);
      const first = this.#queue.shift();
      if (first) this.#send(first);
    }
  }

  #turnAway(): void {
    for (let first = this.#queue[0]; first && this.#atMs - first.sinceMs > MAX_QUEUE_WAIT_MS; first = this.#queue[0]) {
      this.#queue.shift();
      this.#room.leaveQueue();
      this.#defer(first, this.#room.reserve(NOW_MS + this.#atMs, first.heldSinceMs));
    }
  }

  #plan(atMs: number, act: () => void): void {
    const planned = this.#at.get(atMs);
    if (planned) planned.push(act);
    else this.#at.set(atMs, [act]);
  }
}

/** Eight workers that take 160 ms for each: 50 a second. */
function createSlow(): Receive {
  const freeAtMs = Array<number>(8).fill(0);
  return (atMs) => {
    freeAtMs.sort((a, b) => a - b);
    const endMs = Math.max(atMs, freeAtMs[0] ?? 0) + 160;
    freeAtMs[0] = endMs;
    return { afterMs: endMs - atMs, outcome: "ok" };
  };
}

/** A bucket of 50 that is filled with 50 a second, and 429 for what is over it. */
function createThrottling(retryAfterMs?: number): Receive {
  let [left, lastMs] = [50, 0];
  return (atMs) => {
    left = Math.min(50, left + (atMs - lastMs) * 0.05);
    lastMs = atMs;
    if (left < 1) return { afterMs: 2, outcome: "overloaded", ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
    left--;
    return { afterMs: 5, outcome: "ok" };
  };
}

/** Down at first, with this answer to all. */
function createDown(forMs: number, answer: Answer): Receive {
  return (atMs) => (atMs < forMs ? answer : { afterMs: 10, outcome: "ok" });
}

/** Fast, but says 503 to each so manieth, whatever it gets. */
function createFlaky(share: number): Receive {
  let seed = 1;
  const chance = (): number => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
  return () => (chance() < share ? { afterMs: 5, outcome: "overloaded" } : { afterMs: 5, outcome: "ok" });
}

describe.each([0.01, 0.05, 0.1])("an endpoint that refuses %d of all by chance", (share) => {
  test("is sent several at a time all the same", () => {
    const bench = new Bench(createFlaky(share));
    const seconds = bench.run(20_000, { latestMs: 3_600_000 }) / 1000;
    // Each takes 5 ms; what is refused comes again after 5 s.
    expect(seconds).toBeLessThan((20_000 * 0.005) / 1.5 + 20);
  });

  test("gets what it takes without a wait, where few come", () => {
    const bench = new Bench(createFlaky(share));
    bench.run(20_000, { perMs: 0.1, latestMs: 3_600_000 });
    expect(bench.done).toHaveLength(20_000);
    const prompt = bench.done.filter(({ waitedMs }) => waitedMs < 100).length;
    expect(prompt).toBeGreaterThan(20_000 * (1 - 1.2 * share));
  });
});

test("an endpoint that refused all for ten seconds gets soon after what comes then", () => {
  const bench = new Bench(createDown(10_000, { afterMs: 5, outcome: "overloaded" }));
  bench.run(6000, { perMs: 0.1, latestMs: 3_600_000 });
  expect(bench.done).toHaveLength(6000);
  const prompt = bench.done.filter(({ cameAtMs, waitedMs }) => cameAtMs > 25_000 && waitedMs < 1100);
  expect(prompt.length).toBeGreaterThan(0.95 * 3500);
});

describe("a backlog of 20,000 for one endpoint", () => {
  test.each<[string, Receive, number]>([
    ["takes 50 a second", createSlow(), 440],
    ["says 429 to more than 50 a second", createThrottling(), 640],
    ["says 429 to more than 50 a second, and when to come back", createThrottling(1000), 640],
    ["never answers for five minutes", createDown(300_000, { afterMs: 15_000, outcome: "unreachable" }), 1100],
    ["refuses connections for five minutes", createDown(300_000, { afterMs: 1, outcome: "unreachable" }), 1000],
    ["fails for five minutes", createDown(300_000, { afterMs: 5, outcome: "failed" }), 1000],
  ])("that %s is delivered in time, with few copies and few attempts in vain", (_, receive, withinSeconds) => {
    const bench = new Bench(receive);
    const seconds = bench.run(20_000, { latestMs: 3_600_000 }) / 1000;
    expect(bench.done).toHaveLength(20_000);
    expect(seconds).toBeLessThan(withinSeconds);
    expect(Math.max(...bench.done.map(({ copies }) => copies))).toBeLessThanOrEqual(6);
    expect(bench.attempts).toBeLessThan(1.25 * 20_000);
  });
});

test("who comes at a slot is not turned away for new ones, though more come than the endpoint takes", () => {
  // 100 come a second, for a minute, and 50 can go.
  const bench = new Bench(createSlow());
  bench.run(6000, { perMs: 0.1, latestMs: 600_000 });
  expect(bench.done).toHaveLength(6000);
  const copies = bench.done.map((one) => one.copies);
  expect(copies.reduce((sum, count) => sum + count) / copies.length).toBeLessThan(1.2);
  expect(Math.max(...copies)).toBeLessThanOrEqual(2);
});
