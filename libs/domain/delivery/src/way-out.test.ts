import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { WayOut } from "./way-out.ts";

const WINDOW_MS = 1000;

interface Tried {
  readonly host: string;
  readonly isReached: boolean;
  /** After the one before. */
  readonly afterMs: number;
}

const tried: fc.Arbitrary<Tried> = fc.record({
  host: fc.integer({ min: 1, max: 30 }).map((number) => `host-${number}`),
  isReached: fc.oneof({ weight: 1, arbitrary: fc.boolean() }, { weight: 4, arbitrary: fc.constant(false) }),
  afterMs: fc.integer({ min: 0, max: 100 }),
});

function play(way: WayOut, attempts: readonly Tried[], beginMs = 0): number {
  let nowMs = beginMs;
  for (const { host, isReached, afterMs } of attempts) {
    nowMs += afterMs;
    way.note(host, isReached, nowMs);
  }
  return nowMs;
}

/** The rule in its simplest form, over all attempts so far: what each host said last, within the window. */
function judgeAll(attempts: readonly Tried[], withinMs: number): "doubt" | "none" | "as before" {
  const last = new Map<string, boolean>();
  const endMs = attempts.reduce((sum, { afterMs }) => sum + afterMs, 0);
  let nowMs = 0;
  for (const { host, isReached, afterMs } of attempts) {
    nowMs += afterMs;
    last.delete(host);
    if (endMs - nowMs < withinMs) last.set(host, isReached);
  }
  const reached = [...last.values()].filter(Boolean).length;
  if (reached >= last.size * 0.1) return "none";
  return last.size - reached >= 5 ? "doubt" : "as before";
}

describe("the way out", () => {
  test("gets into doubt when five hosts or more can't be reached and less than a tenth of all is, until a tenth is", () => {
    let doubts = 0;
    fc.assert(
      fc.property(fc.array(tried, { maxLength: 80 }), (attempts) => {
        const way = new WayOut(WINDOW_MS);
        let nowMs = 0;
        for (const [index, { host, isReached, afterMs }] of attempts.entries()) {
          nowMs += afterMs;
          const before = way.isInDoubt;
          way.note(host, isReached, nowMs);
          const soFar = attempts.slice(0, index + 1);
          // One that is reached again and again may be remembered for a sixteenth of the window less.
          const judged = judgeAll(soFar, WINDOW_MS);
          if (judged !== judgeAll(soFar, (WINDOW_MS * 15) / 16)) continue;
          expect(way.isInDoubt).toBe(judged === "as before" ? before : judged === "doubt");
          doubts += Number(way.isInDoubt);
        }
      }),
      { numRuns: 500 },
    );
    expect(doubts).toBeGreaterThan(100);
  });

  test("is never in doubt for fewer than five hosts, however long and often they fail", () => {
    const fewHosts = fc.array(fc.record({ host: fc.constantFrom("a", "b", "c", "d"), afterMs: fc.nat(2000) }));
    fc.assert(
      fc.property(fewHosts, (attempts) => {
        const way = new WayOut(WINDOW_MS);
        play(
          way,
          attempts.map((each) => ({ ...each, isReached: false })),
        );
        expect(way.isInDoubt).toBe(false);
      }),
    );
  });

  test("is in doubt within a window of its end, whatever was reached before, while five hosts are tried in each", () => {
    fc.assert(
      fc.property(fc.array(tried), fc.integer({ min: 5, max: 30 }), (before, hosts) => {
        const way = new WayOut(WINDOW_MS);
        const endMs = play(way, before);
        const stepMs = WINDOW_MS / (hosts + 1);
        for (let count = 1; count * stepMs <= 3 * WINDOW_MS; count += 1) {
          const nowMs = endMs + count * stepMs;
          way.note(`host-${count % hosts}`, false, nowMs);
          if (count * stepMs > WINDOW_MS) expect(way.isInDoubt).toBe(true);
        }
      }),
    );
  });

  test("is there again as soon as a tenth of the hosts that were tried lately is reached, and not before", () => {
    const way = new WayOut(WINDOW_MS);
    for (let host = 0; host < 20; host += 1) way.note(`host-${host}`, false, host);
    expect(way.isInDoubt).toBe(true);
    way.note("host-3", true, 21);
    expect(way.isInDoubt).toBe(true);
    way.note("host-4", true, 22);
    expect(way.isInDoubt).toBe(false);
    for (const host of ["host-3", "host-4"]) way.note(host, false, 23);
    // Days later, and one after the other: what is tried seldom in an outage must not end the doubt.
    for (const day of [1, 2, 3]) way.note("host-5", false, day * 86_400_000);
    expect(way.isInDoubt).toBe(true);
    way.note("host-6", true, 4 * 86_400_000);
    expect(way.isInDoubt).toBe(false);
  });

  test("remembers no more than 10,000 hosts", () => {
    const way = new WayOut(WINDOW_MS);
    for (let host = 0; host < 12_000; host += 1) way.note(`host-${host}`, host % 2 === 0, 0);
    expect(way.size).toBe(10_000);
  });
});
