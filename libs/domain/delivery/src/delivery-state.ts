import type { DeadReason, Verdict } from "./verdict.ts";

/** Where a delivery stands: the fold of its attempts. `attempts` is the number of the highest one. */
export type DeliveryState =
  | { readonly kind: "pending" }
  | { readonly kind: "waiting"; readonly untilMs: number; readonly attempts: number }
  /** `atMs`: when the receiver first acknowledged it. */
  | { readonly kind: "delivered"; readonly attempts: number; readonly atMs: number }
  | { readonly kind: "dead"; readonly reason: DeadReason; readonly attempts: number };

/** An attempt as it was recorded. */
export interface AttemptRecorded {
  /** From 1. */
  readonly attempt: number;
  /** When its result was known, milliseconds since the epoch. */
  readonly atMs: number;
  readonly verdict: Verdict;
}

/** No attempt was recorded yet. */
export const INITIAL_DELIVERY_STATE: DeliveryState = { kind: "pending" };

/**
 * Takes one attempt into account. Attempts may come in any order and more than once: the state after a set of them is
 * the same. Delivered is for good, whatever else was recorded (a resend that failed, a crash that had an attempt made
 * twice); else the highest attempt decides.
 */
export function evolveDelivery(state: DeliveryState, recorded: AttemptRecorded): DeliveryState {
  return join(state, toState(recorded));
}

function toState({ attempt, atMs, verdict }: AttemptRecorded): DeliveryState {
  switch (verdict.kind) {
    case "delivered":
      return { kind: "delivered", attempts: attempt, atMs };
    case "retry":
      return { kind: "waiting", untilMs: verdict.atMs, attempts: attempt };
    case "dead":
      return { kind: "dead", reason: verdict.reason, attempts: attempt };
  }
}

/** The least state above both: commutative, associative and idempotent, which is what makes the fold's order irrelevant. */
function join(a: DeliveryState, b: DeliveryState): DeliveryState {
  const attempts = Math.max(attemptsOf(a), attemptsOf(b));
  if (a.kind === "delivered" || b.kind === "delivered") {
    return { kind: "delivered", attempts, atMs: Math.min(deliveredAtMs(a), deliveredAtMs(b)) };
  }
  if (attemptsOf(a) !== attemptsOf(b)) return attemptsOf(a) > attemptsOf(b) ? a : b;
  return precedes(a, b) ? b : a;
}

function attemptsOf(state: DeliveryState): number {
  return state.kind === "pending" ? 0 : state.attempts;
}

function deliveredAtMs(state: DeliveryState): number {
  return state.kind === "delivered" ? state.atMs : Infinity;
}

/** A total order of states after the same attempt, which was made twice: dead wins, then the later wait. */
function precedes(a: DeliveryState, b: DeliveryState): boolean {
  if (a.kind === "waiting" && b.kind === "waiting") return a.untilMs < b.untilMs;
  if (a.kind === "dead" && b.kind === "dead") return a.reason < b.reason;
  return b.kind === "dead";
}
