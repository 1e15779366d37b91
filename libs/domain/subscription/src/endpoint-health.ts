/** When an endpoint that only fails is reported to its tenant, and when it is given up. */
export interface HealthThresholds {
  /** Nothing but failures for this long, milliseconds. */
  readonly failingAfterMs: number;
  /** Fewer attempts prove nothing, however far they lie apart: 1 or more. */
  readonly leastAttempts: number;
  /** Nothing but failures for this long, milliseconds; more than `failingAfterMs`. */
  readonly disabledAfterMs: number;
}

/** Failures without a success among them. */
export interface Streak {
  /** The first failure's time, milliseconds since the epoch. */
  readonly sinceMs: number;
  /** At least so many: the most that any one process has seen. */
  readonly failures: number;
}

/** What a dispatcher tells of an endpoint. Each sees a part of the attempts only. Times in milliseconds since the epoch. */
export type HealthReport =
  /** All attempts that this process made in that time failed. */
  | { readonly kind: "failing"; readonly streak: Streak; readonly lastFailureAtMs: number }
  | { readonly kind: "succeeded"; readonly succeededAtMs: number };

/**
 * How an endpoint did over days: the fold of what dispatchers reported.
 *
 * ```
 * healthy ──a streak──▶ suspected ──hours of nothing else──▶ failing ──days of nothing else──▶ (the subscription is disabled)
 *    ▲                      │                                   │                                             │
 *    └───────success────────┴──────────────success──────────────┘        resumed by a person, or a new URL ───┘
 * ```
 */
export type EndpointHealth =
  | {
      readonly kind: "healthy";
      /** The last known success, or the beginning: failures before it count no more. */
      readonly countsFromMs: number;
    }
  | (Streak & {
      readonly kind: "suspected";
      readonly countsFromMs: number;
      /** From here on every dispatcher tells of a success. */
      readonly suspectedAtMs: number;
    })
  /** The tenant was told, and by when it would be disabled. */
  | (Streak & { readonly kind: "failing"; readonly countsFromMs: number; readonly disabledAtMs: number });

/** What stands in the subscription's stream of it. `countsFromMs` is that of the health before. */
export type HealthEvent =
  | {
      readonly kind: "endpoint_suspected";
      readonly streak: Streak;
      readonly countsFromMs: number;
      readonly suspectedAtMs: number;
    }
  /** The warning: if it goes on, the subscription is disabled, at `disabledAtMs` at the earliest. */
  | {
      readonly kind: "endpoint_failing";
      readonly streak: Streak;
      readonly countsFromMs: number;
      readonly disabledAtMs: number;
    }
  /** A suspicion that nobody was told of is over. */
  | { readonly kind: "endpoint_cleared"; readonly succeededAtMs: number }
  /** It was failing, and does well again. */
  | { readonly kind: "endpoint_recovered"; readonly streak: Streak; readonly succeededAtMs: number };

/** What follows from a report: an event, or that the subscription is to be disabled. */
export type HealthChange = HealthEvent | { readonly kind: "given_up"; readonly streak: Streak };

/** A subscription that was just made, resumed, or given another URL. */
export function beginAnew(atMs: number): EndpointHealth {
  return { kind: "healthy", countsFromMs: atMs };
}

/** From when on failures count, milliseconds since the epoch: a streak that began before is to be counted anew. */
export function countsFrom(health: EndpointHealth | undefined): number {
  return health?.countsFromMs ?? 0;
}

/**
 * What a report changes; undefined: nothing. The same report twice changes nothing the second time. A success of anybody
 * ends the streak of all. Successes are told only of who is suspected, so the thresholds count from the suspicion on:
 * the time without a success may be taken for shorter than it is, never for longer.
 *
 * Nobody is disabled without a warning: one report moves by one step, and the time between both is at least the
 * difference of the thresholds.
 */
export function decideOnHealth(
  report: HealthReport,
  health: EndpointHealth | undefined,
  thresholds: HealthThresholds,
): HealthChange | undefined {
  const before = health ?? beginAnew(0);
  return report.kind === "succeeded" ? succeed(before, report.succeededAtMs) : fail(before, report, thresholds);
}

function succeed(before: EndpointHealth, succeededAtMs: number): HealthChange | undefined {
  // Late: it was before all of the failures.
  if (before.kind === "healthy" || succeededAtMs < before.sinceMs) return undefined;
  if (before.kind === "suspected") return { kind: "endpoint_cleared", succeededAtMs };
  return { kind: "endpoint_recovered", streak: streakOf(before), succeededAtMs };
}

function fail(
  before: EndpointHealth,
  { streak: reported, lastFailureAtMs }: Extract<HealthReport, { readonly kind: "failing" }>,
  { failingAfterMs, leastAttempts, disabledAfterMs }: HealthThresholds,
): HealthChange | undefined {
  const { countsFromMs } = before;
  // The process does not know yet that somebody else succeeded in that time: the answer tells it.
  if (reported.sinceMs <= countsFromMs) return undefined;
  if (before.kind === "healthy") {
    return { kind: "endpoint_suspected", streak: reported, countsFromMs, suspectedAtMs: lastFailureAtMs };
  }
  const streak = join(before, reported);
  if (before.kind === "failing") {
    return lastFailureAtMs < before.disabledAtMs ? undefined : { kind: "given_up", streak };
  }
  const { suspectedAtMs } = before;
  if (lastFailureAtMs - suspectedAtMs < failingAfterMs || streak.failures < leastAttempts) return undefined;
  const disabledAtMs = Math.max(suspectedAtMs + disabledAfterMs, lastFailureAtMs + disabledAfterMs - failingAfterMs);
  return { kind: "endpoint_failing", streak, countsFromMs, disabledAtMs };
}

function join(one: Streak, other: Streak): Streak {
  return { sinceMs: Math.min(one.sinceMs, other.sinceMs), failures: Math.max(one.failures, other.failures) };
}

function streakOf({ sinceMs, failures }: Streak): Streak {
  return { sinceMs, failures };
}

/** The health after an event of it. */
export function evolveHealth(event: HealthEvent): EndpointHealth {
  switch (event.kind) {
    case "endpoint_suspected": {
      const { countsFromMs, suspectedAtMs } = event;
      return { kind: "suspected", ...streakOf(event.streak), countsFromMs, suspectedAtMs };
    }
    case "endpoint_failing": {
      const { countsFromMs, disabledAtMs } = event;
      return { kind: "failing", ...streakOf(event.streak), countsFromMs, disabledAtMs };
    }
    case "endpoint_cleared":
    case "endpoint_recovered":
      return beginAnew(event.succeededAtMs);
  }
}
