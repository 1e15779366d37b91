import type { Facts, Problem } from "../world/facts.ts";
import { Spans } from "../world/spans.ts";
import type { SubscriptionPlan } from "../world/plan.ts";
import type { History } from "./history.ts";

/** What a start may be early by: what the flow control promises, and what a clock in whole milliseconds hides. */
const TOLERANCE_MS = 30 + 2;
/** So many dispatchers may send for one subscription while it moves: the one that had it ends what it has taken. */
const OWNERS_AT_A_MOVE = 2;

/**
 * A rate holds over all dispatchers: no second (or, below one a second, no interval of the rate) has more requests than it
 * allows. Where a subscription moves, the new owner knows nothing of what the last one sent, so that there are at most
 * twice as many then.
 */
export function findTooFast(facts: Facts, histories: ReadonlyMap<string, History>): readonly Problem[] {
  const moving = new Spans(facts.disturbed);
  const starts = Map.groupBy(
    [...histories.values()].flatMap(({ sent }) => sent),
    ({ subscriptionId }) => subscriptionId,
  );
  return facts.plan.subscriptions.flatMap((plan) => {
    const times = (starts.get(plan.id) ?? []).map(({ atMs }) => atMs).sort((a, b) => a - b);
    const words = describeBusiest(plan, times, moving);
    return words === undefined ? [] : [{ check: "rate", words, subscriptionId: plan.id }];
  });
}

function describeBusiest(
  { ratePerSecond }: SubscriptionPlan,
  times: readonly number[],
  moving: Spans,
): string | undefined {
  if (ratePerSecond === undefined) return undefined;
  const windowMs = Math.max(1000, 1000 / ratePerSecond);
  const allowed = Math.floor((ratePerSecond * (windowMs + TOLERANCE_MS)) / 1000 + 1);
  let first = 0;
  for (const [last, toMs] of times.entries()) {
    while ((times[first] ?? 0) <= toMs - windowMs) first += 1;
    const count = last - first + 1;
    if (count <= allowed) continue;
    const isMoving = moving.overlapMs({ fromMs: toMs - windowMs, toMs }) > 0;
    if (count > (isMoving ? OWNERS_AT_A_MOVE : 1) * allowed) {
      return `${count} requests within ${windowMs} ms at a rate of ${ratePerSecond} a second; ${isMoving ? "it may have moved" : "nothing moved"}`;
    }
  }
  return undefined;
}
