import fc from "fast-check";
import { expect, test } from "vitest";
import { decide } from "./decide.ts";
import type { HealthReport, HealthThresholds } from "./endpoint-health.ts";
import { DEFAULT_LIMITS, type SubscriptionSettings } from "./settings.ts";
import { ABSENT, evolve, isLive, type Subscription, type SubscriptionEvent } from "./subscription.ts";

const HOUR_MS = 3_600_000;
const START_MS = 1_700_000_000_000;
const thresholds: HealthThresholds = { failingAfterMs: 12 * HOUR_MS, leastAttempts: 5, disabledAfterMs: 72 * HOUR_MS };
const callbackUrl = "https://example.com/hook";
const settings: SubscriptionSettings = {
  ...{ callbackUrl, eventTypes: ["*"], description: "", method: "POST", payloadFormat: "standard", headers: {} },
  ...{ signature: "hmac_sha256", acknowledgement: { kind: "status" }, retryPolicy: { kind: "default" } },
  limits: DEFAULT_LIMITS,
};
const created: SubscriptionEvent = {
  ...{
    kind: "subscription_created",
    id: "sub_1",
    tenantId: "acme",
    settings,
    key: { id: "key_1", kind: "hmac_sha256" },
    atMs: START_MS - 1,
  },
};

const at = (hour: number): number => START_MS + hour * HOUR_MS;

/** A report of nothing but failures from hour to hour. */
function failing(from: number, to: number, failures = 10): HealthReport {
  return { kind: "failing", streak: { sinceMs: at(from), failures }, lastFailureAtMs: at(to) };
}

function succeeded(hour: number): HealthReport {
  return { kind: "succeeded", succeededAtMs: at(hour) };
}

/** Somebody resumes it at that hour. */
type Step = HealthReport | { readonly kind: "resume"; readonly hour: number };

/** What follows from each, one after the other. */
function live(steps: readonly Step[], url = callbackUrl): { state: Subscription; events: SubscriptionEvent[] } {
  let state = evolve(ABSENT, created);
  const events: SubscriptionEvent[] = [];
  for (const step of steps) {
    const atMs =
      step.kind === "succeeded" ? step.succeededAtMs : step.kind === "resume" ? at(step.hour) : step.lastFailureAtMs;
    const decision =
      step.kind === "resume"
        ? decide({ kind: "resume", atMs }, state)
        : decide({ kind: "report_health", report: step, callbackUrl: url, thresholds, atMs }, state);
    if (decision.kind === "rejected") throw new Error(decision.message);
    state = decision.events.reduce(evolve, state);
    events.push(...decision.events);
  }
  return { state, events };
}

function kindsOf(steps: readonly Step[]): string[] {
  return live(steps).events.map(({ kind }) => kind);
}

test("hours of nothing but failures warn once, days of them disable, with since when and how many", () => {
  const { state, events } = live([1, 5, 13, 40, 72, 73, 74].map((hour) => failing(0, hour, 100 + hour)));
  expect(events).toMatchObject([
    { kind: "endpoint_suspected", streak: { sinceMs: at(0), failures: 101 } },
    { kind: "endpoint_failing", streak: { sinceMs: at(0), failures: 113 }, disabledAtMs: at(73) },
    { kind: "subscription_disabled", streak: { sinceMs: at(0), failures: 173 } },
  ]);
  const reason = "nothing but failures since 2023-11-14T22:13:20.000Z: at least 173 attempts";
  expect(state).toMatchObject({ kind: "disabled", reason });
});

test("several dispatchers see parts of it: the earliest beginning counts, and the most failures that one has seen", () => {
  expect(live([failing(3, 4, 9), failing(1, 5, 2), failing(3, 13, 30)]).events).toMatchObject([
    { kind: "endpoint_suspected", streak: { sinceMs: at(3) } },
  ]);
  expect(live([failing(1, 5, 2), failing(3, 17, 30)]).events.at(-1)).toMatchObject({
    ...{ kind: "endpoint_failing", streak: { sinceMs: at(1), failures: 30 } },
  });
});

test("a success of anybody clears, and is told only if the warning was", () => {
  expect(kindsOf([failing(0, 1), succeeded(2), succeeded(3)])).toEqual(["endpoint_suspected", "endpoint_cleared"]);
  expect(kindsOf([failing(0, 1), failing(0, 13), succeeded(14), succeeded(15)])).toEqual([
    ...["endpoint_suspected", "endpoint_failing", "endpoint_recovered"],
  ]);
});

test("who does not know of the success yet has to count anew", () => {
  const steps = [failing(0, 1), succeeded(2), failing(0, 40), failing(1, 80)];
  expect(kindsOf(steps)).toEqual(["endpoint_suspected", "endpoint_cleared"]);
  expect(kindsOf([...steps, failing(3, 15)])).toHaveLength(3);
});

test("a success that comes late, from before the failures, changes nothing", () => {
  expect(kindsOf([failing(5, 6), succeeded(4)])).toEqual(["endpoint_suspected"]);
});

test("few attempts prove nothing, and who has few is warned as long before", () => {
  const events = live([
    failing(0, 1, 1),
    failing(0, 80, 4),
    failing(0, 97, 5),
    failing(0, 120, 6),
    failing(0, 157, 7),
  ]).events;
  expect(events).toMatchObject([
    { kind: "endpoint_suspected" },
    { kind: "endpoint_failing", disabledAtMs: at(157) },
    { kind: "subscription_disabled" },
  ]);
});

test("nobody is disabled without a warning first, however late the first report is", () => {
  expect(kindsOf([failing(0, 500)])).toEqual(["endpoint_suspected"]);
  expect(kindsOf([failing(0, 500), failing(0, 511), failing(0, 512)])).toEqual([
    "endpoint_suspected",
    "endpoint_failing",
  ]);
});

test("a resumed one begins anew, and a late report brings nothing back", () => {
  const before = [failing(0, 1), failing(0, 13), failing(0, 73)];
  expect(kindsOf([...before, { kind: "resume", hour: 90 }, failing(0, 91), failing(80, 200)])).toEqual([
    ...["endpoint_suspected", "endpoint_failing", "subscription_disabled", "subscription_resumed"],
  ]);
});

test("a report of another callback URL is ignored, and a new URL begins anew", () => {
  expect(live([failing(0, 12)], "https://example.com/old").events).toEqual([]);
  const { state } = live([failing(0, 12)]);
  const changes = { callbackUrl: "https://example.com/new" };
  const moved = evolve(state, { kind: "subscription_updated", id: "sub_1", tenantId: "acme", changes, atMs: at(13) });
  expect(isLive(moved) && moved.health).toEqual({ kind: "healthy", countsFromMs: at(13) });
});

/** One attempt, seen by one of three dispatchers, which reports now or never. */
interface SeenAttempt {
  /** After the one before. */
  readonly hours: number;
  readonly dispatcher: number;
  readonly isOk: boolean;
  readonly reports: boolean;
}

const anyAttempt: fc.Arbitrary<SeenAttempt> = fc.record({
  hours: fc.integer({ min: 0, max: 8 }),
  dispatcher: fc.nat(2),
  isOk: fc.nat(29).map((chance) => chance === 0),
  reports: fc.boolean(),
});

interface Attempt {
  readonly atMs: number;
  readonly isOk: boolean;
}

interface Told {
  readonly event: SubscriptionEvent;
  readonly atMs: number;
  /** The attempts up to then, of all dispatchers. */
  readonly seen: readonly Attempt[];
}

/** What is told, in the course of the attempts. */
function run(attempts: readonly SeenAttempt[]): Told[] {
  const streaks = new Map<number, { sinceMs: number; failures: number }>();
  const seen: Attempt[] = [];
  const steps: HealthReport[] = [];
  const told: Told[] = [];
  let atMs = START_MS;
  for (const { hours, dispatcher, isOk, reports } of attempts) {
    atMs += hours * HOUR_MS + 1;
    seen.push({ atMs, isOk });
    const known = streaks.get(dispatcher) ?? { sinceMs: atMs, failures: 0 };
    const streak = { ...known, failures: known.failures + 1 };
    if (isOk) streaks.delete(dispatcher);
    else streaks.set(dispatcher, streak);
    // A success is always told by somebody; failures only now and then.
    if (!isOk && !reports) continue;
    steps.push(isOk ? { kind: "succeeded", succeededAtMs: atMs } : { kind: "failing", streak, lastFailureAtMs: atMs });
    const news = live(steps).events.slice(told.length);
    told.push(...news.map((event) => ({ event, atMs, seen: [...seen] })));
  }
  return told;
}

test("with any number of dispatchers, lost reports and repeats: who is told of failures had no success in that time", () => {
  fc.assert(
    fc.property(fc.array(anyAttempt, { maxLength: 120, size: "max" }), (attempts) => {
      const told = run(attempts);
      for (const [index, { event, atMs, seen }] of told.entries()) {
        if (event.kind !== "endpoint_failing" && event.kind !== "subscription_disabled") continue;
        const suspected = told.slice(0, index).findLast((each) => each.event.kind === "endpoint_suspected");
        const suspectedAtMs = suspected?.atMs ?? NaN;
        const leastMs = event.kind === "endpoint_failing" ? thresholds.failingAfterMs : thresholds.disabledAfterMs;
        expect(atMs - suspectedAtMs).toBeGreaterThanOrEqual(leastMs);
        expect(seen.some((each) => each.isOk && each.atMs >= suspectedAtMs)).toBe(false);
        const within = seen.filter((each) => !each.isOk && each.atMs >= (event.streak?.sinceMs ?? NaN));
        expect(within.length).toBeGreaterThanOrEqual(event.streak?.failures ?? Infinity);
      }
    }),
  );
});

test("with any number of dispatchers, lost reports and repeats: a warning stands before each end and each recovery", () => {
  fc.assert(
    fc.property(fc.array(anyAttempt, { maxLength: 120, size: "max" }), (attempts) => {
      const told = run(attempts);
      for (const [index, { event, atMs }] of told.entries()) {
        if (event.kind !== "endpoint_recovered" && event.kind !== "subscription_disabled") continue;
        const before = told[index - 1];
        expect(before?.event.kind).toBe("endpoint_failing");
        if (event.kind === "endpoint_recovered") continue;
        const warnedForMs = atMs - (before?.atMs ?? NaN);
        expect(warnedForMs).toBeGreaterThanOrEqual(thresholds.disabledAfterMs - thresholds.failingAfterMs);
      }
    }),
  );
});
