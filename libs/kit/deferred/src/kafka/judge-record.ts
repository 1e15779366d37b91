import { chooseTier, type Tier, type Tiers } from "./tiers.ts";

/**
 * What is due later than this is not held in memory: the tiers keep it. Each doubling saves a copy of what waits, while there
 * is room, and doubles what is read again after a restart.
 */
const holdMs = 120_000;

/** What to do with the record that is next in a partition of a tier. */
export type RecordVerdict =
  | { readonly kind: "hold"; readonly isEarly: boolean }
  | { readonly kind: "move" }
  /** It is not mature: nothing after it is, either. */
  | { readonly kind: "wait"; readonly untilMs: number }
  /** It would be held, and there will be room soon. */
  | { readonly kind: "wait_for_room" };

/** Whether one more may be held. */
export interface Room {
  /** One that is due, or so soon that no tier with a delay could take it. */
  readonly forDue: boolean;
  /** One that is due later. */
  readonly forEarly: boolean;
  /** Whether what fills the room is handed out soon, so that what is due may wait for it where it is. */
  readonly isSoonFree: boolean;
}

export interface RecordToJudge {
  readonly tiers: Tiers;
  /** The tier it stands in. */
  readonly tier: Tier;
  /** By the broker's clock. */
  readonly appendedAtMs: number;
  readonly dueAtMs: number;
  readonly nowMs: number;
  readonly room: Room;
}

export function judgeRecord({ tiers, tier, appendedAtMs, dueAtMs, nowMs, room }: RecordToJudge): RecordVerdict {
  const maturesAtMs = appendedAtMs + tier.delayMs;
  // Without a delay there is nothing that a broker's clock would have to say.
  if (tier.delayMs > 0 && maturesAtMs > nowMs) return { kind: "wait", untilMs: maturesAtMs };
  const remainingMs = dueAtMs - nowMs;
  const isEarly = chooseTier(tiers, remainingMs).delayMs > 0;
  if (remainingMs <= holdMs && (isEarly ? room.forEarly : room.forDue)) return { kind: "hold", isEarly };
  if (isEarly) return { kind: "move" };
  // A crowd that is due at once would otherwise be copied as a whole, only to wait for the same room in the first tier.
  return tier === tiers[0] || room.isSoonFree ? { kind: "wait_for_room" } : { kind: "move" };
}
