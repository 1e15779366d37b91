import type { DeferredTask, RunDeferredOptions } from "./deferred.ts";

/** Before a task whose handling rejected is handed out again: doubling from the first to the last. */
const firstPostponementMs = 1_000;
const lastPostponementMs = 60_000;

/** How late a jump of the wall clock may make a task: timers run on another clock, which does not jump. */
export const longestSleepMs = 60_000;

/** Whether the handling resolved. */
export async function tryToHandle(task: DeferredTask, onDue: RunDeferredOptions["onDue"]): Promise<boolean> {
  try {
    await onDue(task);
    return true;
  } catch {
    // Why it failed is the handler's to tell; here it means: again, later.
    return false;
  }
}

/** The task after another failed handling: to be handed out again, later each time. */
export function postpone<T extends { readonly failures: number; readonly handOutAtMs: number }>(
  failed: T,
  nowMs: number,
): T {
  const postponementMs = Math.min(firstPostponementMs * 2 ** failed.failures, lastPostponementMs);
  return { ...failed, failures: failed.failures + 1, handOutAtMs: nowMs + postponementMs };
}
