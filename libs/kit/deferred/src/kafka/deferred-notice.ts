/** What went wrong without losing anything; for whoever watches. */
export type DeferredNotice =
  /** Tasks could not be moved to another tier; they are tried again, and that partition of that tier waits. */
  | { readonly kind: "move_failed"; readonly topic: string; readonly partition: number; readonly error: unknown }
  /** Progress could not be committed; the next commit brings it. */
  | { readonly kind: "commit_failed"; readonly error: unknown }
  /** A record without a valid due time: handed out as if it were due. */
  | { readonly kind: "malformed"; readonly topic: string; readonly partition: number; readonly offset: number }
  /** The broker's clock is this far before ours (behind if negative), milliseconds: tasks may be late by as much. */
  | { readonly kind: "clock_skew"; readonly brokerAheadMs: number };
