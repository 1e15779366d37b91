/** What happens next. The dispatcher acts on nothing else. */
export type Verdict =
  | { readonly kind: "delivered" }
  /** Not before `atMs`, milliseconds since the epoch. */
  | { readonly kind: "retry"; readonly atMs: number }
  | { readonly kind: "dead"; readonly reason: DeadReason };

/**
 * Why there will be no further attempt. `exhausted`: the schedule has no delay left. `expired`: the next attempt would
 * come after the greatest age. `gone`: the receiver said 410. `refused`: the address is forbidden. `rejected`: no request
 * can be made of the event for this subscription (never judged from an attempt).
 */
export type DeadReason = "exhausted" | "expired" | "gone" | "refused" | "rejected";
