import type { Facts, Problem } from "../world/facts.ts";
import { Spans } from "../world/spans.ts";
import type { History } from "./history.ts";

/** From the answer to the service's decision: a call, unless the service or the process was in trouble. */
const DISABLED_WITHIN_MS = 5_000;

/** An endpoint that says 410 ends its subscription, at once. */
export function findKeptOn(facts: Facts, histories: ReadonlyMap<string, History>): readonly Problem[] {
  const excused = new Spans([...facts.disturbed, ...facts.unwatched]);
  return [...histories.values()].flatMap(({ attempted, eventId, subscriptionId, plan }) => {
    const kept = attempted.find(({ attempt: { result, durationUs }, sent }) => {
      if (result.kind !== "responded" || result.status !== 410) return false;
      const fromMs = sent.atMs + durationUs / 1000;
      const wait = { fromMs, toMs: fromMs + DISABLED_WITHIN_MS };
      if (excused.overlapMs(wait) > 0 || wait.toMs > (plan.deletedAtMs ?? facts.plan.span.toMs)) return false;
      return !facts.findDisabled(subscriptionId).some((span) => span.fromMs < wait.toMs && span.toMs > fromMs);
    });
    if (kept === undefined) return [];
    return [
      { check: "gone", words: "its endpoint said 410, and its subscription was kept on", eventId, subscriptionId },
    ];
  });
}
