import type {
  ReportEndpointHealthRequest,
  ReportEndpointHealthResponse,
} from "@postrider/contracts/postrider/v1/subscription";
import {
  beginAnew,
  countsFrom,
  decideOnHealth,
  type EndpointHealth,
  evolveHealth,
  type HealthReport,
} from "@postrider/domain-subscription";

/** So that a world of a day has all of it. */
const THRESHOLDS = { failingAfterMs: 2 * 3_600_000, leastAttempts: 5, disabledAfterMs: 6 * 3_600_000 };

/** What became of a subscription by a report; undefined: nothing that anybody has to know. */
export type HealthNews =
  | { readonly kind: "changed" }
  /** Its tenant is told that nothing went well since then; "given_up": and it is disabled. */
  | { readonly kind: "warned" | "given_up"; readonly sinceMs: number };

/** How endpoints do, by the real rule, as the subscription service folds what dispatchers report. */
export class SimulatedHealth {
  readonly #healths = new Map<string, EndpointHealth>();
  /** When each was suspected: only from then on must a success be told. */
  readonly #suspectedAtMs = new Map<string, number>();

  isSuspected(subscriptionId: string): boolean {
    const health = this.#healths.get(subscriptionId);
    return health !== undefined && health.kind !== "healthy";
  }

  /** @param nowMs when the service has it */
  take({ subscriptionId, health }: ReportEndpointHealthRequest, nowMs: number): HealthNews | undefined {
    const report = decodeReport(health);
    const change = report && decideOnHealth(report, this.#healths.get(subscriptionId), THRESHOLDS);
    if (change === undefined) return undefined;
    const sinceMs = this.#suspectedAtMs.get(subscriptionId) ?? nowMs;
    if (change.kind === "given_up") return { kind: "given_up", sinceMs };
    this.#healths.set(subscriptionId, evolveHealth(change));
    if (change.kind === "endpoint_suspected") this.#suspectedAtMs.set(subscriptionId, nowMs);
    return change.kind === "endpoint_failing" ? { kind: "warned", sinceMs } : { kind: "changed" };
  }

  answer({ subscriptionId }: ReportEndpointHealthRequest): ReportEndpointHealthResponse {
    const fromMs = countsFrom(this.#healths.get(subscriptionId));
    return { countFrom: fromMs === 0 ? undefined : new Date(fromMs) };
  }

  /** It was resumed. */
  beginAnew(subscriptionId: string, atMs: number): void {
    this.#healths.set(subscriptionId, beginAnew(atMs));
  }
}

function decodeReport(health: ReportEndpointHealthRequest["health"]): HealthReport | undefined {
  if (health?.$case === "succeeded") return { kind: "succeeded", succeededAtMs: health.value.time?.getTime() ?? 0 };
  const { since, lastFailure, failures } = health?.value ?? {};
  if (!since || !lastFailure) return undefined;
  const streak = { sinceMs: since.getTime(), failures: Number(failures) };
  return { kind: "failing", streak, lastFailureAtMs: lastFailure.getTime() };
}
