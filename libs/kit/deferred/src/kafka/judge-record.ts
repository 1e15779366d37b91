import { chooseTier, type Tier, type Tiers } from "./tiers.ts";

/** What is due later than this is not held in memory: the tiers keep it. */
const holdMs = 30_000;

/** What to do with the record that is next in a partition of a tier. */
export type RecordVerdict =
  | { readonly kind: "hold" }
  | { readonly kind: "move" }
  /** It is not mature: nothing after it is, either. */
  | { readonly kind: "wait"; readonly untilMs: number }
  /** It would be held, or is already where it has to wait. */
  | { readonly kind: "wait_for_room" };

export interface RecordToJudge {
  readonly tiers: Tiers;
  /** The tier it stands in. */
  readonly tier: Tier;
  /** By the broker's clock. */
  readonly appendedAtMs: number;
  readonly dueAtMs: number;
  readonly nowMs: number;
  /** Whether this tier may hold one more. */
  readonly hasRoom: boolean;
}

export function judgeRecord({ tiers, tier, appendedAtMs, dueAtMs, nowMs, hasRoom }: RecordToJudge): RecordVerdict {
  const maturesAtMs = appendedAtMs + tier.delayMs;
  // Without a delay there is nothing that a broker's clock would have to say.
  if (tier.delayMs > 0 && maturesAtMs > nowMs) return { kind: "wait", untilMs: maturesAtMs };
  const remainingMs = dueAtMs - nowMs;
  if (remainingMs <= holdMs && hasRoom) return { kind: "hold" };
  const isWhereItBelongs = tier === tiers[0] && chooseTier(tiers, remainingMs) === tier;
  return isWhereItBelongs ? { kind: "wait_for_room" } : { kind: "move" };
}
