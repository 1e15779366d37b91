import { countsFrom, decide, type HealthReport, isLive } from "@postrider/domain-subscription";
import { decideOnStream } from "../store/decide-on-stream.ts";
import { subscriptionAggregate, subscriptionStream } from "../store/subscription-aggregate.ts";
import type { SubscriptionDeps } from "../subscription-deps.ts";

/** What a dispatcher tells of a subscription's endpoint. */
export interface ReportedHealth {
  readonly id: string;
  readonly callbackUrl: string;
  readonly report: HealthReport;
}

/**
 * Takes a report into account: the endpoint may become suspected, failing, or well again, and the subscription disabled.
 * Answers from when on failures count, milliseconds since the epoch.
 * @throws {RpcError} `not_found`
 */
export async function reportHealth(
  deps: Pick<SubscriptionDeps, "store" | "database" | "clock" | "thresholds">,
  { id, callbackUrl, report }: ReportedHealth,
): Promise<number> {
  const { clock, thresholds } = deps;
  const state = await decideOnStream(deps, subscriptionAggregate, {
    stream: subscriptionStream(id),
    decide: (before) => decide({ kind: "report_health", report, callbackUrl, thresholds, atMs: clock.nowMs() }, before),
  });
  return countsFrom(isLive(state) ? state.health : undefined);
}
