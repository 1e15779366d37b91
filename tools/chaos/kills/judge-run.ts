import { boundRepetitions, explainRepetitions, type KillSpan, type LoadShape } from "./judge-repetitions.ts";
import type { Repetition, Tally } from "./tally.ts";

export interface KillRecord extends KillSpan {
  readonly what: string;
  readonly backAtMs: number;
  /** The longest time without any receipt, from the kill on. */
  readonly gapMs: number;
}

export interface Run {
  readonly seed: number;
  readonly seconds: number;
  /** Events that were published at least once. */
  readonly made: number;
  readonly refusals: Readonly<Record<string, number>>;
  readonly tally: Tally;
  readonly kills: readonly KillRecord[];
  readonly load: LoadShape;
  /** What went wrong on the way. */
  readonly problems: readonly string[];
}

interface KillResult extends KillRecord {
  readonly repeated: number;
  readonly mayRepeat: number;
}

export interface RunResult extends Omit<Run, "tally" | "kills" | "load" | "problems"> {
  readonly accepted: number;
  readonly promised: number;
  readonly received: number;
  readonly lost: number;
  readonly repeated: number;
  readonly kills: readonly KillResult[];
  /** Empty: every promise was kept. */
  readonly violations: readonly string[];
}

function describeRepetition({ fate, subscription }: Repetition): string {
  const receipts = fate.receipts.get(subscription) ?? [];
  const times = [fate.acceptedAtMs ?? 0, ...receipts.map(({ atMs }) => atMs)].map((atMs) =>
    new Date(atMs).toISOString(),
  );
  return `${fate.id} for ${subscription} (accepted at ${times[0] ?? "?"}, received at ${times.slice(1).join(" and ")})`;
}

/** Without a receipt for longer than this, somebody would have been called. */
const LONGEST_GAP_MS = 30_000;

export function judgeRun({ tally, kills: records, load, problems, ...run }: Run): RunResult {
  const lost = tally.findLost();
  const { perKill, unexplained } = explainRepetitions(tally.repetitions, records, load.slowestAnswerMs);
  const kills = records.map((record, index) => ({
    ...record,
    repeated: perKill[index] ?? 0,
    mayRepeat: boundRepetitions(record.kind, load),
  }));
  const violations = [
    ...problems,
    ...(lost.length === 0 ? [] : [`${lost.length} accepted deliveries were lost`]),
    ...(run.made === tally.accepted() ? [] : [`only ${tally.accepted()} of ${run.made} events were accepted`]),
    ...(unexplained.length === 0
      ? []
      : [
          `${unexplained.length} deliveries were repeated, and no kill explains it, such as ${unexplained
            .slice(0, 3)
            .map(describeRepetition)
            .join(", ")}`,
        ]),
    ...kills.flatMap(({ what, repeated, mayRepeat, gapMs }) => [
      ...(repeated <= mayRepeat
        ? []
        : [`the kill of ${what} repeated ${repeated} deliveries; at most ${mayRepeat} may be`]),
      ...(gapMs <= LONGEST_GAP_MS ? [] : [`after the kill of ${what}, nothing was delivered for ${gapMs} ms`]),
    ]),
  ];
  return {
    ...run,
    ...{ accepted: tally.accepted(), promised: tally.promised(), received: tally.received() },
    ...{ lost: lost.length, repeated: tally.repetitions.length, kills, violations },
  };
}
