import type { DeadLetter, RecordedAttempt } from "@postrider/records";
import { decodeAttempts, decodeDeadLetter } from "@postrider/records";
import { deliveryKey, type Facts, type SentFact } from "../world/facts.ts";
import type { SubscriptionPlan } from "../world/plan.ts";

/** A request with what was recorded of it. */
export interface Attempted {
  readonly attempt: RecordedAttempt;
  readonly sent: SentFact;
}

/** All that is known of one delivery. */
export interface History {
  readonly eventId: string;
  readonly subscriptionId: string;
  readonly plan: SubscriptionPlan;
  /** Requests, in the order in which they were sent. */
  readonly sent: readonly SentFact[];
  /** Those of them that were recorded, each once. */
  readonly attempted: readonly Attempted[];
  /** Recorded, but never sent: egress refused, or somebody made it up. */
  readonly unsent: readonly RecordedAttempt[];
  readonly letters: readonly DeadLetter[];
}

/** By delivery, whatever was sent, recorded or given up. */
export function collectHistories(facts: Facts): ReadonlyMap<string, History> {
  const plans = new Map(facts.plan.subscriptions.map((plan) => [plan.id, plan]));
  const attempts = Map.groupBy(
    facts.log.attempts.flatMap(({ value }) => decodeAttempts(value)),
    ({ eventId, subscriptionId }) => deliveryKey(eventId, subscriptionId),
  );
  const letters = Map.groupBy(
    facts.log.deadLetters.map(({ value }) => decodeDeadLetter(value)),
    ({ event, subscriptionId }) => deliveryKey(event.id, subscriptionId),
  );
  const histories = new Map<string, History>();
  for (const key of new Set([...facts.sent.keys(), ...attempts.keys(), ...letters.keys()])) {
    const [eventId = "", subscriptionId = ""] = key.split("/");
    const plan = plans.get(subscriptionId);
    if (plan === undefined) continue;
    const sent = facts.sent.get(key) ?? [];
    const matched = match(sent, attempts.get(key) ?? []);
    histories.set(key, { eventId, subscriptionId, plan, sent, ...matched, letters: letters.get(key) ?? [] });
  }
  return histories;
}

/**
 * An attempt is a request that was sent when it says it began. One more than there are requests of that time is one that
 * was recorded twice, because the answer of its append was lost.
 */
function match(sent: readonly SentFact[], attempts: readonly RecordedAttempt[]): Pick<History, "attempted" | "unsent"> {
  const unmatched = new Set(sent);
  const attempted: Attempted[] = [];
  const unsent: RecordedAttempt[] = [];
  for (const attempt of attempts) {
    const ofThatTime = sent.filter(({ wallMs }) => wallMs === attempt.startedAtMs);
    const request = ofThatTime.find((one) => unmatched.delete(one));
    if (request) attempted.push({ attempt, sent: request });
    else if (ofThatTime.length === 0) unsent.push(attempt);
  }
  attempted.sort((a, b) => a.sent.atMs - b.sent.atMs);
  return { attempted, unsent };
}
