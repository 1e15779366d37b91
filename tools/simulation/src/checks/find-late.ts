import { type Facts, type Problem } from "../world/facts.ts";
import type { Span, SubscriptionPlan } from "../world/plan.ts";
import { dueAtMsOf, topicOf } from "../world/record-topic.ts";
import { Spans } from "../world/spans.ts";
import type { Attempted, History } from "./history.ts";

/** From the acceptance to the first request to a healthy receiver without a rate, while nothing is wrong. */
const FIRST_MS = 5_000;
/** From the time that a verdict said to the request: at a receiver that is well most of the time, and at any other. */
const RETRY_MS = { steady: 10_000, unsteady: 75 * 60_000 };
/** A pause ends for the held within half of their wait, but not after more than a minute. */
const RESUME_MS = 65_000;
/** What stands in the log when everything has been well for a while: nothing that should have gone. */
const OVERDUE_MS = { event: 60_000, task: 180_000 };

/** Healthy endpoints are served on time, retries come when they are due, and nothing is stuck at the end. */
export function findLate(facts: Facts, histories: ReadonlyMap<string, History>): readonly Problem[] {
  const disturbed = new Spans(facts.disturbed);
  return [...histories.values()]
    .flatMap((history) => [...findLateFirst(facts, history, disturbed), ...findLateRetries(facts, history, disturbed)])
    .concat(findStuck(facts));
}

function findLateFirst(facts: Facts, { sent, plan, eventId, subscriptionId }: History, disturbed: Spans): Problem[] {
  const [first] = sent;
  const accepted = facts.accepted.get(eventId);
  if (!first || !accepted || plan.receiver !== "healthy" || plan.ratePerSecond !== undefined) return [];
  const lateMs = measureLateness(plan, { fromMs: accepted.acceptedAtMs, toMs: first.atMs }, disturbed);
  if (lateMs <= FIRST_MS) return [];
  const words = `the first request to a healthy receiver came ${lateMs.toFixed(0)} ms late`;
  return [{ check: "on time", words, eventId, subscriptionId }];
}

function findLateRetries(facts: Facts, history: History, disturbed: Spans): Problem[] {
  const { attempted, plan, eventId, subscriptionId } = history;
  if (plan.ratePerSecond !== undefined || plan.maxInFlight !== undefined) return [];
  // One that never answers well gets one probe at a time, minutes apart: its crowd has no time by which it must have come.
  if (plan.receiver === "broken") return [];
  const isSteady = plan.receiver === "healthy" || plan.receiver === "shaky";
  const boundMs = (isSteady ? RETRY_MS.steady : RETRY_MS.unsteady) + facts.clockRangeMs;
  return attempted.flatMap((one) => {
    const due = findLatestDue(attempted, one.attempt.number);
    if (due === undefined) return [];
    const lateMs = measureLateness(plan, { fromMs: due, toMs: one.sent.atMs }, disturbed);
    if (lateMs <= boundMs) return [];
    const words = `attempt ${one.attempt.number} came ${lateMs.toFixed(0)} ms late; the bound is ${boundMs.toFixed(0)}`;
    return [{ check: "on time", words, eventId, subscriptionId }];
  });
}

/** When the attempt of that number is due by the last that says so, in the world's time. */
function findLatestDue(attempted: readonly Attempted[], number: number): number | undefined {
  const dues = attempted.flatMap(({ attempt, sent }) =>
    attempt.number === number - 1 && attempt.verdict.kind === "retry" ? [attempt.verdict.atMs - sent.aheadMs] : [],
  );
  return dues.length === 0 ? undefined : Math.max(...dues);
}

/** What of a wait nothing explains. */
function measureLateness({ pauses }: SubscriptionPlan, wait: Span, disturbed: Spans): number {
  const explained = pauses.reduce((sum, { fromMs, toMs }) => {
    const from = Math.max(fromMs, wait.fromMs);
    const to = Math.min(toMs + RESUME_MS, wait.toMs);
    return sum + Math.max(0, to - from);
  }, disturbed.overlapMs(wait));
  return wait.toMs - wait.fromMs - explained;
}

function findStuck({ log, plan, clockRangeMs }: Facts): Problem[] {
  const endMs = plan.span.toMs;
  const events = log.unfinishedEvents.filter(({ appendedAtMs }) => appendedAtMs < endMs - OVERDUE_MS.event);
  const tasks = log.unfinishedTasks.filter((record) => dueAtMsOf(record) < endMs - OVERDUE_MS.task - clockRangeMs);
  const toProblem = (what: string) => (record: (typeof events)[number]) => {
    const { eventId, subscriptionId } = topicOf(record);
    const about = subscriptionId === "" ? { eventId } : { eventId, subscriptionId };
    return { check: "on time", words: `${what} when all was well`, ...about };
  };
  return [
    ...events.map(toProblem("an event was not finished")),
    ...tasks.map(toProblem("a deferred delivery was not taken up")),
  ];
}
