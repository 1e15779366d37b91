import type { EndpointOutcome } from "@postrider/domain-flow";

/** When an endpoint that only fails is reported, and when it is given up. */
export interface HealthThresholds {
  /** Nothing but failures for this long, milliseconds. */
  readonly failingAfterMs: number;
  /** Fewer attempts prove nothing, however far they lie apart: 1 or more. */
  readonly leastAttempts: number;
  /** Nothing but failures for this long, milliseconds; more than `failingAfterMs`. */
  readonly disabledAfterMs: number;
}

const HOUR_MS = 60 * 60 * 1000;

/** Half a day is no deployment any more; five days are a weekend, and people's time to mend it. */
export const DEFAULT_HEALTH_THRESHOLDS: HealthThresholds = {
  failingAfterMs: 12 * HOUR_MS,
  leastAttempts: 10,
  disabledAfterMs: 120 * HOUR_MS,
};

/** Failures without a success among them. Times in milliseconds since the epoch. */
interface Streak {
  /** -Infinity if none is known. */
  readonly lastSuccessAtMs: number;
  /** The first failure's. */
  readonly sinceMs: number;
  readonly lastFailureAtMs: number;
  readonly failures: number;
}

/**
 * How an endpoint did over days: the fold of its attempts.
 *
 * ```
 * healthy ──failure──▶ suspect ──hours of nothing else──▶ failing ──days of nothing else──▶ disabled
 *    ▲                    │                                  │                                 │
 *    └────success─────────┴─────────────success──────────────┘          resumed, by a person ──┘ (to healthy)
 * ```
 */
export type EndpointHealth =
  | { readonly kind: "healthy"; readonly lastSuccessAtMs: number }
  | (Streak & { readonly kind: "suspect" })
  | (Streak & { readonly kind: "failing"; readonly warnedAtMs: number })
  | { readonly kind: "disabled"; readonly lastSuccessAtMs: number };

/** No attempt was made yet. */
export const INITIAL_HEALTH: EndpointHealth = { kind: "healthy", lastSuccessAtMs: -Infinity };

/** What happened; test sends are left out by the caller. */
export type HealthFact =
  /** An attempt ended, milliseconds since the epoch. */
  | { readonly kind: "attempted"; readonly atMs: number; readonly outcome: EndpointOutcome }
  /** Somebody resumed the subscription: what was before does not count any more. */
  | { readonly kind: "resumed"; readonly atMs: number };

/** What the tenant is told. `sinceMs` and `failures` are those of the streak. */
export type HealthChange =
  /** If it goes on, the endpoint is disabled, at `disabledAtMs` at the earliest. */
  | { readonly kind: "failing"; readonly sinceMs: number; readonly failures: number; readonly disabledAtMs: number }
  | { readonly kind: "disabled"; readonly sinceMs: number; readonly failures: number }
  | { readonly kind: "recovered"; readonly sinceMs: number; readonly failures: number };

export interface HealthStep {
  readonly health: EndpointHealth;
  /** Absent: there is nothing to tell. */
  readonly change?: HealthChange;
}

/**
 * Takes one fact into account. Facts may come out of order, since the log has partitions: then a streak may be taken for
 * shorter than it is, never for longer. One that comes twice counts twice, which matters for the number of attempts only.
 *
 * Nobody is disabled without a warning: the time between both is at least the difference of the thresholds.
 */
export function evolveHealth(state: EndpointHealth, fact: HealthFact, thresholds: HealthThresholds): HealthStep {
  if (fact.kind === "resumed") return { health: { kind: "healthy", lastSuccessAtMs: fact.atMs } };
  // Nothing was sent: it says nothing about the endpoint.
  if (state.kind === "disabled" || fact.outcome === "unsent") return { health: state };
  return fact.outcome === "ok" ? succeed(state, fact.atMs) : fail(state, fact.atMs, thresholds);
}

type Enabled = Exclude<EndpointHealth, { readonly kind: "disabled" }>;

function succeed(state: Enabled, atMs: number): HealthStep {
  const lastSuccessAtMs = Math.max(state.lastSuccessAtMs, atMs);
  if (state.kind === "healthy") return { health: { kind: "healthy", lastSuccessAtMs } };
  const { sinceMs, failures, lastFailureAtMs } = state;
  // It comes late, and was before all of them.
  if (atMs < sinceMs) return { health: { ...state, lastSuccessAtMs } };
  // Which of the failures came after it is not known; the last one did.
  const health: EndpointHealth =
    atMs >= lastFailureAtMs
      ? { kind: "healthy", lastSuccessAtMs }
      : { kind: "suspect", lastSuccessAtMs, sinceMs: lastFailureAtMs, lastFailureAtMs, failures: 1 };
  return state.kind === "failing" ? { health, change: { kind: "recovered", sinceMs, failures } } : { health };
}

function fail(state: Enabled, atMs: number, thresholds: HealthThresholds): HealthStep {
  // It comes late, and the endpoint did well since.
  if (atMs <= state.lastSuccessAtMs) return { health: state };
  const streak = extend(state, atMs);
  const { sinceMs, failures, lastFailureAtMs, lastSuccessAtMs } = streak;
  const forMs = lastFailureAtMs - sinceMs;
  const { failingAfterMs, leastAttempts, disabledAfterMs } = thresholds;
  if (state.kind !== "failing") {
    if (forMs < failingAfterMs || failures < leastAttempts) return { health: { ...streak, kind: "suspect" } };
    const disabledAtMs = Math.max(sinceMs + disabledAfterMs, lastFailureAtMs + disabledAfterMs - failingAfterMs);
    const change: HealthChange = { kind: "failing", sinceMs, failures, disabledAtMs };
    return { health: { ...streak, kind: "failing", warnedAtMs: lastFailureAtMs }, change };
  }
  const warnedForMs = lastFailureAtMs - state.warnedAtMs;
  if (forMs < disabledAfterMs || warnedForMs < disabledAfterMs - failingAfterMs) {
    return { health: { ...streak, kind: "failing", warnedAtMs: state.warnedAtMs } };
  }
  return { health: { kind: "disabled", lastSuccessAtMs }, change: { kind: "disabled", sinceMs, failures } };
}

function extend(state: Enabled, atMs: number): Streak {
  const { lastSuccessAtMs } = state;
  if (state.kind === "healthy") return { lastSuccessAtMs, sinceMs: atMs, lastFailureAtMs: atMs, failures: 1 };
  return {
    lastSuccessAtMs,
    sinceMs: Math.min(state.sinceMs, atMs),
    lastFailureAtMs: Math.max(state.lastFailureAtMs, atMs),
    failures: state.failures + 1,
  };
}
