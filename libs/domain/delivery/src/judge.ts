import type { AttemptResult } from "./attempt-result.ts";
import { findPolicy, type PolicyRow } from "./policy.ts";
import { clampRetryAfter } from "./retry-after.ts";
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

/** What follows from an attempt, by the table of {@link findPolicy}, the delivery's age and the retries that are left. */
export function judge(result: AttemptResult, context: JudgeContext, policy: RetryPolicy): Verdict {
  const row = findPolicy(result);
  switch (row.verdict) {
    case "delivered":
      return { kind: "delivered" };
    case "gone":
    case "refused":
      return { kind: "dead", reason: row.verdict };
    case "retry":
      return planRetry({ row, retryAfterMs: retryAfterMsOf(result) }, context, policy);
  }
}

function planRetry(
  { row, retryAfterMs }: { readonly row: PolicyRow; readonly retryAfterMs: number },
  { attempt, nowMs, acceptedAtMs, random }: JudgeContext,
  { delaysMs, maxAgeMs = Infinity }: RetryPolicy,
): Verdict {
  const scheduledMs = findDelayMs(row, attempt, delaysMs);
  if (scheduledMs === undefined) return { kind: "dead", reason: "exhausted" };

  const delayMs = Math.max(scheduledMs * (1 + JITTER * random), retryAfterMs);
  const atMs = Math.ceil(nowMs + delayMs);
  return atMs > acceptedAtMs + maxAgeMs ? { kind: "dead", reason: "expired" } : { kind: "retry", atMs };
}

/** The schedule's wait after this attempt; undefined when there is none left. */
function findDelayMs({ isSlow }: PolicyRow, attempt: number, delaysMs: readonly number[]): number | undefined {
  const index = attempt - 1;
  if (index >= delaysMs.length) return undefined;
  // The number of attempts stays the same: those of the quick half are made at the pace of the middle.
  return delaysMs[isSlow ? Math.max(index, Math.floor(delaysMs.length / 2)) : index];
}

function retryAfterMsOf(result: AttemptResult): number {
  return result.kind === "responded" ? clampRetryAfter(result.retryAfterMs ?? 0) : 0;
}
