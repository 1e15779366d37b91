import { type Clock, pause } from "@postrider/kit-lifecycle";
import type { Logger } from "@postrider/kit-telemetry";
import { acceptedAtMsOf, type LedgerEntry } from "../store/ledger-entry.ts";
import { type LedgerStore, LedgerStoreError } from "../store/ledger-store.ts";
import type { LedgerMetrics } from "./ledger-metrics.ts";

/** Between two tries: doubling from the first to the last. */
const FIRST_RETRY_MS = 100;
const LAST_RETRY_MS = 5000;
/** The log's clock decides when an event was accepted; later than this by ours, it is no time of acceptance. */
const MAX_AHEAD_MS = 2 * 86_400_000;

export interface AddEntriesDeps {
  readonly store: Pick<LedgerStore, "add">;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: LedgerMetrics;
  /** What is about events that were accepted before is too old to be kept. */
  readonly keptSinceMs: () => number;
}

/**
 * Adds entries, whatever it takes: it resolves when all are durable that the ledger keeps, or when the signal aborts,
 * with whether they are. An entry that the database refuses alone, while it takes others, is skipped and told: one bad
 * record must not hold up all that come after it.
 */
export async function addEntries(
  entries: readonly LedgerEntry[],
  deps: AddEntriesDeps,
  stop: AbortSignal,
): Promise<boolean> {
  const fromMs = deps.keptSinceMs();
  const toMs = deps.clock.nowMs() + MAX_AHEAD_MS;
  const kept = entries.filter((entry) => acceptedAtMsOf(entry) >= fromMs && acceptedAtMsOf(entry) <= toMs);
  const late = entries.filter((entry) => acceptedAtMsOf(entry) < fromMs).length;
  deps.metrics.skipped("outdated", late);
  deps.metrics.skipped("malformed", entries.length - kept.length - late);
  return kept.length === 0 || (await addOrSplit(kept, deps, stop));
}

async function addOrSplit(entries: readonly LedgerEntry[], deps: AddEntriesDeps, stop: AbortSignal): Promise<boolean> {
  const { store, clock, logger, metrics } = deps;
  for (let retryMs = FIRST_RETRY_MS; !stop.aborted; retryMs = Math.min(retryMs * 2, LAST_RETRY_MS)) {
    try {
      metrics.added(await store.add(entries));
      return true;
    } catch (error) {
      if (!(error instanceof LedgerStoreError && error.code === "unavailable")) {
        return await splitOrSkip(entries, { ...deps, error }, stop);
      }
      metrics.failed();
      logger.warn({ err: error, retryMs }, "the ledger can't be written now; it is tried again");
      await pause(clock, retryMs, stop);
    }
  }
  return false;
}

async function splitOrSkip(
  entries: readonly LedgerEntry[],
  deps: AddEntriesDeps & { readonly error: unknown },
  stop: AbortSignal,
): Promise<boolean> {
  const [only] = entries;
  if (entries.length > 1) {
    const middle = Math.ceil(entries.length / 2);
    const isFirstAdded = await addOrSplit(entries.slice(0, middle), deps, stop);
    return (await addOrSplit(entries.slice(middle), deps, stop)) && isFirstAdded;
  }
  if (only) {
    deps.metrics.skipped("refused", 1);
    deps.logger.error({ err: deps.error, ...describe(only) }, "an entry of the log can't be added to the ledger");
  }
  return true;
}

/** What tells which one it is. */
function describe(entry: LedgerEntry): object {
  switch (entry.kind) {
    case "event":
      return { kind: entry.kind, eventId: entry.event.id };
    case "attempt": {
      const { eventId, subscriptionId, number } = entry.attempt;
      return { kind: entry.kind, eventId, subscriptionId, number };
    }
    case "dead_letter":
      return { kind: entry.kind, eventId: entry.letter.event.id, subscriptionId: entry.letter.subscriptionId };
  }
}
