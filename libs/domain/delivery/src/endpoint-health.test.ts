import fc from "fast-check";
import { expect, test } from "vitest";
import {
  evolveHealth,
  INITIAL_HEALTH,
  type EndpointHealth,
  type HealthChange,
  type HealthFact,
  type HealthThresholds,
} from "./endpoint-health.ts";

const HOUR_MS = 3_600_000;
const START_MS = 1_700_000_000_000;
const thresholds: HealthThresholds = {
  failingAfterMs: 12 * HOUR_MS,
  leastAttempts: 5,
  disabledAfterMs: 72 * HOUR_MS,
};

function failed(hour: number): HealthFact {
  return { kind: "attempted", atMs: START_MS + hour * HOUR_MS, outcome: "unreachable" };
}

function went(hour: number, outcome: "ok" | "unsent" = "ok"): HealthFact {
  return { kind: "attempted", atMs: START_MS + hour * HOUR_MS, outcome };
}

/** A failure in each hour of the span, both ends among them. */
function failing(from: number, to: number): HealthFact[] {
  return Array.from({ length: to - from + 1 }, (_, index) => failed(from + index));
}

/** The changes with the hour of the fact that brought each. */
function live(facts: readonly HealthFact[]): { health: EndpointHealth; changes: (readonly [number, string])[] } {
  let health: EndpointHealth = INITIAL_HEALTH;
  const changes: (readonly [number, string])[] = [];
  for (const fact of facts) {
    const step = evolveHealth(health, fact, thresholds);
    ({ health } = step);
    if (step.change) changes.push([(fact.atMs - START_MS) / HOUR_MS, step.change.kind]);
  }
  return { health, changes };
}

test("hours of nothing but failures are reported once, days of them disable once", () => {
  const { health, changes } = live([went(0), ...failing(1, 200)]);
  expect(changes).toEqual([
    [13, "failing"],
    [73, "disabled"],
  ]);
  expect(health.kind).toBe("disabled");
});

test("the warning says since when, and when it would be disabled", () => {
  const before = live(failing(0, 11)).health;
  expect(evolveHealth(before, failed(12), thresholds).change).toEqual({
    ...{ kind: "failing", sinceMs: START_MS, failures: 13 },
    disabledAtMs: START_MS + 72 * HOUR_MS,
  });
});

test("the first success after a warning is a recovery; others are nothing new", () => {
  expect(live([...failing(0, 20), went(21), went(22), ...failing(23, 30), went(31)]).changes).toEqual([
    [12, "failing"],
    [21, "recovered"],
  ]);
});

test("one success in days keeps an endpoint enabled", () => {
  const facts = [...failing(0, 70), went(71), ...failing(72, 143)];
  expect(live(facts).changes).toEqual([
    [12, "failing"],
    [71, "recovered"],
    [84, "failing"],
  ]);
});

test("few attempts prove nothing, and whoever has few is warned as long before", () => {
  // One a day: the fifth is on the fourth day.
  expect(live([0, 24, 48, 72, 96, 120, 144, 168].map(failed)).changes).toEqual([
    [96, "failing"],
    [168, "disabled"],
  ]);
});

test("nothing sent says nothing", () => {
  const facts = [...failing(0, 11), went(12, "unsent"), went(90, "unsent"), ...failing(91, 92)];
  expect(live(facts).changes).toEqual([[91, "failing"]]);
});

test("a resumed one begins anew, and no late failure brings the old ones back", () => {
  const resumed: HealthFact = { kind: "resumed", atMs: START_MS + 300 * HOUR_MS };
  const { health, changes } = live([...failing(0, 72), failed(80), resumed, failed(299), failed(301)]);
  expect(changes).toHaveLength(2);
  expect(health).toMatchObject({ kind: "suspect", failures: 1, sinceMs: START_MS + 301 * HOUR_MS });
});

test("a success that comes late ends the streak where it was", () => {
  const { health, changes } = live([...failing(0, 20), went(15)]);
  expect(changes).toEqual([
    [12, "failing"],
    [15, "recovered"],
  ]);
  expect(health).toMatchObject({ kind: "suspect", sinceMs: START_MS + 20 * HOUR_MS, failures: 1 });
});

test("a success that comes late, and was before the streak, changes nothing", () => {
  expect(live([...failing(5, 16), went(2), failed(17)]).changes).toEqual([[17, "failing"]]);
});

const anyFact = fc.record({ minute: fc.nat(20_000), chance: fc.nat(99) }).map(({ minute, chance }): HealthFact => {
  const outcome = chance < 3 ? "ok" : chance < 10 ? "unsent" : "failed";
  return { kind: "attempted", atMs: START_MS + minute * 60_000, outcome };
});
const anyFacts = fc.array(anyFact, { maxLength: 80, size: "max" });

/** What is told, with all facts up to then; asserts what must hold of it by those facts alone. */
function check(
  facts: readonly HealthFact[],
  assertChange: (change: HealthChange, seen: readonly HealthFact[]) => void,
) {
  let health: EndpointHealth = INITIAL_HEALTH;
  const told: HealthChange["kind"][] = [];
  for (const [index, fact] of facts.entries()) {
    const step = evolveHealth(health, fact, thresholds);
    ({ health } = step);
    if (!step.change) continue;
    told.push(step.change.kind);
    assertChange(step.change, facts.slice(0, index + 1));
  }
  return told;
}

function isOk(fact: HealthFact): boolean {
  return fact.kind === "attempted" && fact.outcome === "ok";
}

function isFailure(fact: HealthFact): boolean {
  return fact.kind === "attempted" && fact.outcome === "failed";
}

test("in whatever order facts come, nobody is warned or disabled for less than the time without a success", () => {
  fc.assert(
    fc.property(anyFacts, (facts) => {
      let warnedAtMs = Infinity;
      check(facts, (change, seen) => {
        if (change.kind === "recovered") return;
        const inStreak = seen.filter(({ atMs }) => atMs >= change.sinceMs);
        const lastMs = Math.max(...inStreak.filter(isFailure).map(({ atMs }) => atMs));
        expect(inStreak.filter(isOk)).toEqual([]);
        expect(inStreak.filter(isFailure).length).toBeGreaterThanOrEqual(change.failures);
        expect(change.failures).toBeGreaterThanOrEqual(thresholds.leastAttempts);
        if (change.kind === "failing") {
          warnedAtMs = lastMs;
          expect(lastMs - change.sinceMs).toBeGreaterThanOrEqual(thresholds.failingAfterMs);
        } else {
          expect(lastMs - change.sinceMs).toBeGreaterThanOrEqual(thresholds.disabledAfterMs);
          expect(lastMs - warnedAtMs).toBeGreaterThanOrEqual(thresholds.disabledAfterMs - thresholds.failingAfterMs);
        }
      });
    }),
  );
});

test("a warning stands before each disabling and each recovery, and is not repeated", () => {
  fc.assert(
    fc.property(anyFacts, (facts) => {
      const told = check(facts, () => undefined);
      for (const [index, kind] of told.entries()) {
        if (kind === "failing") expect(told[index - 1]).not.toBe("failing");
        else expect(told[index - 1]).toBe("failing");
      }
    }),
  );
});

test("in order, a warning comes with the first failure that makes the time and the number full", () => {
  fc.assert(
    fc.property(anyFacts, (facts) => {
      const ordered = facts.toSorted((a, b) => a.atMs - b.atMs);
      const [firstTold] = live(ordered).changes;
      // Said again without a state: the failures since the last success, looked at after each.
      const expected = ordered.find((fact, index) => {
        const seen = ordered.slice(0, index + 1);
        const failures = seen.slice(seen.findLastIndex(isOk) + 1).filter(isFailure);
        const sinceMs = failures[0]?.atMs ?? Infinity;
        const isLong = fact.atMs - sinceMs >= thresholds.failingAfterMs;
        return isFailure(fact) && isLong && failures.length >= thresholds.leastAttempts;
      });
      const expectedAt = expected && [(expected.atMs - START_MS) / HOUR_MS, "failing"];
      // Facts of one time have no order that counts.
      fc.pre(new Set(ordered.map(({ atMs }) => atMs)).size === ordered.length);
      expect(firstTold).toEqual(expectedAt);
    }),
  );
});
