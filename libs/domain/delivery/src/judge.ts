import type { AttemptResult } from "./attempt-result.ts";
import type { RetryPolicy } from "./retry-policy.ts";
import type { Verdict } from "./verdict.ts";

/** What {@link judge} must know besides the result. */
export interface JudgeContext {
  /** The attempt that was made, from 1. */
  readonly attempt: number;
  /** When its result was known, milliseconds since the epoch. */
  readonly nowMs: number;
  /** When the event was accepted, milliseconds since the epoch. */
  readonly acceptedAtMs: number;
  /** Uniform in [0, 1). */
  readonly random: number;
}

/** Up to this share of a delay is added, so that deliveries that failed together don't return together. */
const JITTER = 0.2;

/** A receiver may ask for a day at most: more looks like a mistake, and would outlive retention. */
export const MAX_RETRY_AFTER_MS = 24 * 60 * 60 * 1000;

/** The answers below 500 that ask for another try soon: Request Timeout, Too Early, Too Many Requests. */
const PASSING_STATUSES: readonly number[] = [408, 425, 429];
const GONE = 410;

/**
 * What follows from an attempt.
 *
 * A 2xx that is acknowledged is delivered; 410 is dead; so is an address that egress refuses: it was checked on
 * registration too, so it changed to something forbidden. All else is retried: 408, 425, 429, 3xx (never followed), 5xx,
 * a 2xx without its acknowledgement and network errors by the schedule; any other 4xx, which only a change on the
 * receiver's side can mend, on the schedule's slow half.
 */
export function judge(result: AttemptResult, context: JudgeContext, policy: RetryPolicy): Verdict {
  if (result.kind === "refused") return { kind: "dead", reason: "refused" };
  if (result.kind === "responded") {
    if (result.status === GONE) return { kind: "dead", reason: "gone" };
    if (result.isAcknowledged && isSuccess(result.status)) return { kind: "delivered" };
  }
  return judgeFailure(result, context, policy);
}

/** True for 200 to 299. */
export function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
}

function judgeFailure(result: AttemptResult, context: JudgeContext, policy: RetryPolicy): Verdict {
  const scheduledMs = findDelayMs(result, context.attempt, policy.delaysMs);
  if (scheduledMs === undefined) return { kind: "dead", reason: "exhausted" };

  const delayMs = Math.max(scheduledMs * (1 + JITTER * context.random), askedDelayMs(result));
  const atMs = Math.ceil(context.nowMs + delayMs);
  const expiresAtMs = context.acceptedAtMs + (policy.maxAgeMs ?? Infinity);
  return atMs > expiresAtMs ? { kind: "dead", reason: "expired" } : { kind: "retry", atMs };
}

/** The schedule's wait after this attempt; undefined when there is none left. */
function findDelayMs(result: AttemptResult, attempt: number, delaysMs: readonly number[]): number | undefined {
  const index = attempt - 1;
  if (index >= delaysMs.length) return undefined;
  // The number of attempts stays the same: those of the quick half are made at the pace of the middle.
  return delaysMs[isSlow(result) ? Math.max(index, Math.floor(delaysMs.length / 2)) : index];
}

function isSlow(result: AttemptResult): boolean {
  if (result.kind !== "responded") return false;
  return result.status >= 400 && result.status < 500 && !PASSING_STATUSES.includes(result.status);
}

function askedDelayMs(result: AttemptResult): number {
  if (result.kind !== "responded") return 0;
  return Math.min(result.retryAfterMs ?? 0, MAX_RETRY_AFTER_MS);
}
