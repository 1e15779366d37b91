import { UNRELIABLE_KINDS, type ReceiverKind } from "../network/receiver.ts";
import { RandomSource } from "../time/random-source.ts";
import { START_MS } from "../time/virtual-time.ts";
import { EVENT_TYPES, type Plan, type Span, type SubscriptionPlan, type TenantPlan } from "./plan.ts";

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

/** At the end nothing goes wrong for this long, so that what is to come right can: an event waits for a lookup up to five minutes. */
const CALM_MS = 30 * MINUTE_MS;
/** And for this long nothing is published. */
const QUIET_MS = 10 * MINUTE_MS;

/** How often positions are committed. As on Kafka (200 ms) in a few worlds only: each commit, idle or not, costs a run some time. */
const COMMIT_MS = { asOnKafka: 200, share: 0.05, others: [1_000, 2_000, 4_000] } as const;

/** The tenant that is flooded, in worlds that have one. */
const FLOODED = "flooded";

const SCHEDULES: readonly [readonly number[], ...(readonly number[])[]] = [
  [5, 30, 120, 600, 1800, 3600, 7200, 14400, 28800, 43200, 72000, 86400],
  [1, 5, 30],
  [2, 10, 60, 300, 900],
  [0, 20],
];

/** The same for the same seed and hours. */
export function makePlan(seed: number, hours: number): Plan {
  const random = new RandomSource(seed, "plan");
  const span = { fromMs: START_MS, toMs: START_MS + hours * HOUR_MS };
  const calmFromMs = Math.max(span.fromMs, span.toMs - CALM_MS);
  const tenants = makeTenants(random);
  return {
    seed,
    span,
    calmFromMs,
    quietFromMs: Math.max(span.fromMs, span.toMs - QUIET_MS),
    processes: random.whole(1, 3),
    partitions: random.whole(2, 4),
    commitMs: random.chance(COMMIT_MS.share) ? COMMIT_MS.asOnKafka : random.pick(COMMIT_MS.others),
    tenants,
    subscriptions: tenants.flatMap((tenant) =>
      makeSubscriptions(tenant, { fromMs: span.fromMs, toMs: calmFromMs }, random),
    ),
    faultEveryMs: random.magnitude(8 * MINUTE_MS, 80 * MINUTE_MS),
  };
}

function makeTenants(random: RandomSource): readonly TenantPlan[] {
  const usual = Array.from({ length: random.whole(1, 3) }, (_, index) => ({
    id: `t${index + 1}`,
    everyMs: random.magnitude(2 * MINUTE_MS, 20 * MINUTE_MS),
    burst: { most: 120, everyMs: random.magnitude(3 * HOUR_MS, 24 * HOUR_MS) },
  }));
  const flooded = { id: FLOODED, everyMs: HOUR_MS, burst: { most: 3_000, everyMs: 20 * HOUR_MS } };
  return random.chance(0.3) ? [...usual, flooded] : usual;
}

function makeSubscriptions(tenant: TenantPlan, span: Span, random: RandomSource): readonly SubscriptionPlan[] {
  if (tenant.id === FLOODED) return [makeFloodedSubscription(span, random)];
  return Array.from({ length: random.whole(1, 3) }, (_, index) => {
    const receiver = random.pick<ReceiverKind>([
      ...(["healthy", "healthy", "shaky", "slow", "slow", "broken", "hanging"] as const),
      ...UNRELIABLE_KINDS,
    ]);
    const isHealthy = receiver === "healthy";
    return {
      id: `${tenant.id}-s${index + 1}`,
      tenantId: tenant.id,
      eventTypes: random.pick<readonly string[]>([["*"], ["*"], [random.pick(EVENT_TYPES)]]),
      receiver,
      ...(random.chance(isHealthy ? 0 : 0.3) ? { maxInFlight: random.pick([1, 2, 8]) } : {}),
      ...(random.chance(isHealthy ? 0.2 : 0.3) ? { ratePerSecond: random.pick([0.2, 2, 20]) } : {}),
      retryDelaysMs: random.pick(SCHEDULES).map((seconds) => seconds * SECOND_MS),
      ...(random.chance(0.2) ? { maxAgeMs: random.magnitude(MINUTE_MS, 12 * HOUR_MS) } : {}),
      timeoutMs: random.pick([15_000, 5_000, 1_000]),
      ...makeLife(span, random),
    };
  });
}

function makeFloodedSubscription(span: Span, random: RandomSource): SubscriptionPlan {
  return {
    ...{ id: `${FLOODED}-s1`, tenantId: FLOODED, eventTypes: ["*"], timeoutMs: 5_000 },
    receiver: random.pick<ReceiverKind>(["shaky", "hanging", "limiting"]),
    ratePerSecond: random.pick([2, 20]),
    retryDelaysMs: [10 * SECOND_MS, 10 * MINUTE_MS],
    ...{ createdAtMs: span.fromMs, pauses: [] },
  };
}

/** Most are there from the beginning to the end; some come later, go earlier, or are paused now and then. */
function makeLife(span: Span, random: RandomSource): Pick<SubscriptionPlan, "createdAtMs" | "deletedAtMs" | "pauses"> {
  const { fromMs, toMs } = span;
  const createdAtMs = random.chance(0.2) ? random.between(fromMs, (fromMs + toMs) / 2) : fromMs;
  const deletedAtMs = random.chance(0.15) ? random.between((fromMs + toMs) / 2, toMs) : undefined;
  const pauses: Span[] = [];
  const endMs = deletedAtMs ?? toMs;
  if (random.chance(0.3)) {
    let atMs = createdAtMs + random.exponential(6 * HOUR_MS);
    while (atMs < endMs) {
      const untilMs = Math.min(atMs + random.magnitude(SECOND_MS, 2 * HOUR_MS), endMs);
      pauses.push({ fromMs: atMs, toMs: untilMs });
      atMs = untilMs + MINUTE_MS + random.exponential(6 * HOUR_MS);
    }
  }
  return { createdAtMs, ...(deletedAtMs === undefined ? {} : { deletedAtMs }), pauses };
}
