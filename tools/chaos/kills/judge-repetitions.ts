// Which kill explains a delivery that came twice, and how many each kill may explain. design.md, sections 3 and 4: what
// was in flight, and what had finished within the last commit interval. Pure.
import type { EventFate, Repetition } from "./tally.ts";
import { KILL_KINDS, type KillKind } from "./victims.ts";

/** Somebody was dead, and the platform got over it. */
export interface KillSpan {
  readonly kind: KillKind;
  readonly atMs: number;
  /** When every partition had caught up with what was in the log after the return. */
  readonly recoveredAtMs: number;
}

export interface LoadShape {
  /** On average, of all subscriptions together. */
  readonly deliveriesPerSecond: number;
  /** What a receiver may take to answer; milliseconds. */
  readonly slowestAnswerMs: number;
}

/** The dispatcher's commit interval, with room for a commit's way on a busy machine: what a crash forgets. */
const UNCOMMITTED_MS = 500;
/**
 * How long a delivery waits for room at its endpoint before it is put off durably (domain/flow): so long can an event be
 * unfinished after one of its subscriptions took it, because another has not been sent.
 */
const QUEUED_MS = 1000;
/**
 * How often partitions can move because of one kill, each time with what is in flight in them: the group without the
 * dead one, and the group with the one that came back. The dispatchers stay when another process is killed; of a dead
 * coordinator they may learn late, and then all partitions move once.
 */
const MOVES: Readonly<Record<KillKind, number>> = {
  dispatcher: 2,
  ingest: 0,
  subscription: 0,
  postgres: 0,
  leader: 1,
  coordinator: 1,
};

/** How many deliveries a kill of each kind may repeat. */
export function boundRepetitions(kind: KillKind, { deliveriesPerSecond, slowestAnswerMs }: LoadShape): number {
  return Math.ceil((MOVES[kind] * deliveriesPerSecond * (UNCOMMITTED_MS + slowestAnswerMs)) / 1000);
}

export interface Explained {
  /** Deliveries that were repeated because of each kill, in the order of the kills. */
  readonly perKill: readonly number[];
  /** Repeated although the event was finished long before any kill, or with no kill at all. */
  readonly unexplained: readonly Repetition[];
}

/**
 * A kill explains a repetition that comes after it, if something of the event was sent shortly before the kill, so that
 * the event can't have been known as finished, or while the platform was getting over it. It also explains one of an
 * event that waited at that time and had not been sent: who died, or whose append was out, may have put it off durably,
 * and whoever took it over put it off once more; both come when they are due. Of several, the latest counts.
 * @param slowestAnswerMs what a receiver may take to answer; milliseconds
 */
export function explainRepetitions(
  repetitions: readonly Repetition[],
  kills: readonly KillSpan[],
  slowestAnswerMs: number,
): Explained {
  const openMs = QUEUED_MS + slowestAnswerMs + UNCOMMITTED_MS;
  const perKill = kills.map(() => 0);
  const unexplained: Repetition[] = [];
  for (const repetition of repetitions) {
    const sent = kills.findLastIndex((kill) => MOVES[kill.kind] > 0 && explains(kill, repetition, openMs));
    const index =
      sent >= 0 ? sent : kills.findLastIndex((kill) => MOVES[kill.kind] > 0 && explainsPutOff(kill, repetition));
    if (index < 0) unexplained.push(repetition);
    else perKill[index] = (perKill[index] ?? 0) + 1;
  }
  return { perKill, unexplained };
}

function explains(
  { atMs, recoveredAtMs }: KillSpan,
  { fate, atMs: repeatedAtMs }: Repetition,
  openMs: number,
): boolean {
  if (repeatedAtMs < atMs) return false;
  return receiptsBefore(fate, repeatedAtMs).some(
    (receiptMs) => receiptMs > atMs - openMs && receiptMs <= recoveredAtMs,
  );
}

function explainsPutOff({ recoveredAtMs }: KillSpan, { fate, subscription }: Repetition): boolean {
  const firstMs = fate.receipts.get(subscription)?.[0]?.atMs ?? 0;
  return fate.acceptedAtMs !== undefined && fate.acceptedAtMs <= recoveredAtMs && firstMs > recoveredAtMs;
}

function receiptsBefore({ receipts }: EventFate, beforeMs: number): readonly number[] {
  return [...receipts.values()].flatMap((of) => of.map(({ atMs }) => atMs)).filter((atMs) => atMs < beforeMs);
}

/** For people, before the run. */
export function describeBounds(load: LoadShape): string {
  return KILL_KINDS.map((kind) => `${kind} ${boundRepetitions(kind, load)}`).join(", ");
}
