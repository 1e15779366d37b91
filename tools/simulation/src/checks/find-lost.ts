import { type Accepted, deliveryKey, type Facts, type Problem } from "../world/facts.ts";
import type { Plan, SubscriptionPlan } from "../world/plan.ts";
import { topicOf } from "../world/record-topic.ts";
import type { History } from "./history.ts";

/** A change of a subscription may take so long to be known everywhere: the longest outage of the service, and its end. */
const NEWS_MS = 30 * 60_000;

/**
 * Nothing that was accepted is lost: for each accepted event and each subscription that wanted it all the time, the log
 * says that it was delivered, or is dead, or it still waits there.
 */
export function findLost(facts: Facts, histories: ReadonlyMap<string, History>): readonly Problem[] {
  const waiting = new Set(
    [...facts.log.unfinishedEvents, ...facts.log.unfinishedTasks]
      .map(topicOf)
      .map(({ eventId, subscriptionId }) => deliveryKey(eventId, subscriptionId)),
  );
  const problems: Problem[] = [];
  for (const event of facts.accepted.values()) {
    const { eventId } = event;
    if (waiting.has(deliveryKey(eventId, ""))) continue;
    for (const plan of facts.plan.subscriptions) {
      if (!mustGet(plan, event, facts.plan) || mayBeCancelled(facts, event, plan.id)) continue;
      const key = deliveryKey(eventId, plan.id);
      if (waiting.has(key) || isEnded(histories.get(key))) continue;
      const words = `accepted, and neither delivered nor dead nor waiting; ${describe(histories.get(key))}`;
      problems.push({ check: "nothing lost", words, eventId, subscriptionId: plan.id });
    }
  }
  return [...problems, ...findFalselyDelivered(facts, histories)];
}

function findFalselyDelivered(facts: Facts, histories: ReadonlyMap<string, History>): readonly Problem[] {
  return [...histories].flatMap(([key, { attempted, eventId, subscriptionId }]) => {
    const isRecorded = attempted.some(({ attempt }) => attempt.verdict.kind === "delivered");
    if (!isRecorded || facts.acknowledged.has(key)) return [];
    return [
      { check: "nothing lost", words: "recorded as delivered, but no receiver said so", eventId, subscriptionId },
    ];
  });
}

/** A subscription that came later or went may get it or not. */
function mustGet(plan: SubscriptionPlan, { tenantId, type, publishedAtMs }: Accepted, { span }: Plan): boolean {
  if (plan.tenantId !== tenantId || plan.deletedAtMs !== undefined) return false;
  // A dispatcher learns of a new subscription a moment later, or when the service can be watched again.
  if (plan.createdAtMs > span.fromMs && plan.createdAtMs > publishedAtMs - NEWS_MS) return false;
  return plan.eventTypes.some((wanted) => wanted === "*" || wanted === type);
}

/** What waits when its subscription is disabled is dropped, and what comes then is for nobody. */
function mayBeCancelled(facts: Facts, { publishedAtMs }: Accepted, subscriptionId: string): boolean {
  return facts.findDisabled(subscriptionId).some(({ toMs }) => toMs + NEWS_MS > publishedAtMs);
}

function isEnded(history: History | undefined): boolean {
  if (history === undefined) return false;
  const { attempted, letters } = history;
  return letters.length > 0 || attempted.some(({ attempt }) => attempt.verdict.kind === "delivered");
}

function describe(history: History | undefined): string {
  if (history === undefined) return "nothing was ever sent";
  const { sent, attempted } = history;
  return `${sent.length} requests were sent, ${attempted.length} of them recorded`;
}
