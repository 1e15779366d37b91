import { type Clock, pause } from "@postrider/kit-lifecycle";
import type { Logger } from "@postrider/kit-telemetry";
import type { LedgerStore } from "./store/ledger-store.ts";

const DAY_MS = 86_400_000;
const SWEEP_MS = 600_000;
/** Should the database refuse for a weekend: rows of a day that is not prepared are prepared for when they come. */
const PREPARED_AHEAD_MS = 3 * DAY_MS;

export interface RetentionDeps {
  readonly store: Pick<LedgerStore, "removeBefore" | "prepare">;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly keptSinceMs: () => number;
}

/** The day that began when what is kept begins: retention goes by whole days, in both stores. */
export function keptSince(nowMs: number, retentionMs: number): number {
  return Math.floor((nowMs - retentionMs) / DAY_MS) * DAY_MS;
}

/** Makes room for the days to come and removes what is too old, now and every ten minutes, until the signal aborts. */
export async function runRetention(
  { store, clock, logger, keptSinceMs }: RetentionDeps,
  stop: AbortSignal,
): Promise<void> {
  while (!stop.aborted) {
    try {
      await store.prepare(clock.nowMs(), clock.nowMs() + PREPARED_AHEAD_MS);
      await store.removeBefore(keptSinceMs(), stop);
    } catch (error) {
      logger.warn({ err: error }, "the ledger's old rows could not be removed now; it is tried again");
    }
    await pause(clock, SWEEP_MS, stop);
  }
}
