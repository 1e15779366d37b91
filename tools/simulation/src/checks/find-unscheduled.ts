import type { Facts, Problem } from "../world/facts.ts";
import type { Attempted, History } from "./history.ts";

/** A clock that steps back between the look at it and the start of the request: no longer than the patience for a lookup and a queue. */
const HAND_OUT_MS = 15_000;

/** Attempts follow the schedule: numbered from 1 without gaps, none before the time that the verdict before it said. */
export function findUnscheduled(facts: Facts, histories: ReadonlyMap<string, History>): readonly Problem[] {
  return [...histories.values()].flatMap((history) => {
    const { eventId, subscriptionId } = history;
    const words = describeGap(facts, history) ?? describeEarly(facts, history) ?? describeWrongEnd(history);
    return words === undefined ? [] : [{ check: "schedule", words, eventId, subscriptionId }];
  });
}

function describeGap(facts: Facts, { attempted, unsent, eventId, subscriptionId }: History): string | undefined {
  const [unreal] = unsent;
  if (unreal) return `attempt ${unreal.number} was recorded and never sent (${unreal.result.kind})`;
  const numbers = new Set(attempted.map(({ attempt }) => attempt.number));
  const highest = Math.max(0, ...numbers);
  // One whose record was lost with its process is made again, under its number; until then there may be a gap.
  return numbers.size === highest || facts.findCredits(eventId, subscriptionId) > 0
    ? undefined
    : `attempts ${[...numbers].join(", ")} were recorded`;
}

function describeEarly(facts: Facts, history: History): string | undefined {
  const { attempted, plan } = history;
  for (const one of attempted) {
    const { number, verdict } = one.attempt;
    // The first is due whenever there is room for it.
    const dueAtMs = number === 1 ? -Infinity : findDueMs(facts, history, number);
    const earlyMs = dueAtMs - one.sent.wallMs;
    if (Number.isFinite(dueAtMs) && earlyMs > findStepBackMs(facts, one)) {
      return `attempt ${number} was made ${earlyMs} ms before its time`;
    }
    const delayMs = plan.retryDelaysMs[number - 1];
    if (
      verdict.kind === "retry" &&
      verdict.atMs < one.attempt.startedAtMs + (delayMs ?? Infinity) - findStepBackMs(facts, one)
    ) {
      return `attempt ${number} is to be followed ${verdict.atMs - one.attempt.startedAtMs} ms later; the schedule says ${delayMs}`;
    }
  }
  return undefined;
}

/**
 * When the attempt of that number is due, by the verdicts before it, on their senders' wall clocks; or by what stands in
 * the tiers, if a verdict may have been lost with its process. Infinity when nobody says.
 */
function findDueMs(facts: Facts, { attempted, eventId, subscriptionId }: History, number: number): number {
  const verdicts = attempted.flatMap(({ attempt }) =>
    attempt.number === number - 1 && attempt.verdict.kind === "retry" ? [attempt.verdict.atMs] : [],
  );
  const dueAtMs = Math.min(...verdicts);
  if (facts.findCredits(eventId, subscriptionId) === 0) return dueAtMs;
  return Math.min(dueAtMs, facts.findFirstDueMs(eventId, subscriptionId, number) ?? Infinity);
}

function findStepBackMs(facts: Facts, { sent, attempt }: Attempted): number {
  const untilMs = sent.atMs + attempt.durationUs / 1000 + 1;
  return facts
    .findStepsBack(sent.machine)
    .filter(({ atMs }) => atMs > sent.atMs - HAND_OUT_MS && atMs <= untilMs)
    .reduce((sum, { byMs }) => sum + byMs, 0);
}

/** Dead letters say what their attempts say. */
function describeWrongEnd({ letters, plan }: History): string | undefined {
  const most = plan.retryDelaysMs.length + 1;
  for (const { reason, attempts } of letters) {
    if (reason === "exhausted" && attempts !== most)
      return `exhausted after ${attempts} attempts; the schedule has ${most}`;
    if (reason === "expired" && plan.maxAgeMs === undefined) return "expired without a greatest age";
    // One that found no room until it was too old was never tried.
    const least = reason === "expired" ? 0 : 1;
    if (attempts < least || attempts > most)
      return `dead (${reason}) after ${attempts} attempts; the schedule has ${most}`;
  }
  return undefined;
}
