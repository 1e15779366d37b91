/** The times without a receipt. */
export interface GapWatch {
  readonly note: (atMs: number) => void;
  /** The longest one that ended, or lasts, within the span. */
  readonly longestMs: (sinceMs: number, untilMs: number) => number;
}

/** Shorter ones are no news at hundreds of receipts a second. */
const NOTABLE_MS = 100;

export function createGapWatch(): GapWatch {
  const gaps: { readonly fromMs: number; readonly toMs: number }[] = [];
  let lastMs: number | undefined;
  return {
    note: (atMs) => {
      if (lastMs !== undefined && atMs - lastMs > NOTABLE_MS) gaps.push({ fromMs: lastMs, toMs: atMs });
      lastMs = atMs;
    },
    longestMs: (sinceMs, untilMs) => {
      const lasting = { fromMs: lastMs ?? sinceMs, toMs: untilMs };
      const within = [...gaps, lasting].filter(({ fromMs, toMs }) => toMs >= sinceMs && fromMs <= untilMs);
      return Math.max(0, ...within.map(({ fromMs, toMs }) => Math.min(toMs, untilMs) - fromMs));
    },
  };
}
