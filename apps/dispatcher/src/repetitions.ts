import { LogError, type LogReader, type LogRecord, type Position } from "@postrider/kit-event-log";
import { type Clock, pause } from "@postrider/kit-lifecycle";
import { RecentIds } from "@postrider/kit-progress";
import type { Logger } from "@postrider/kit-telemetry";
import { decodeEvent } from "@postrider/records";

/** Publishing an id again within this time delivers once. */
const WINDOW_MS = 10 * 60 * 1000;
/** Ids kept for one partition; at more than 800 new events a second the time that they cover gets shorter. */
const MAX_IDS = 500_000;
/** Read back of one partition, about: a second or two, in which its events wait. Beyond, what is older is forgotten. */
const MAX_READ_BACK_BYTES = 256 * 1024 * 1024;
/** While the log can't be read: then it can't be read on either, and nobody waits in vain. */
const TRIES = 5;
const RETRY_MS = 500;

/** Tells events that were published again from new ones, for one partition. */
export interface Repetitions {
  /** For records that are events. Whether the same tenant's event of the same id stands at a lower offset within the last ten minutes; remembers it. */
  readonly isRepeated: (record: LogRecord) => boolean;
}

export interface RepetitionsDeps {
  readonly reader: LogReader;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly position: Position;
  /** Ends the waits between tries to read. */
  readonly stop: AbortSignal;
}

/**
 * Reads the partition's last ten minutes back, so that neither a restart nor a rebalance forgets anything. If they can't
 * be read, it knows nothing: then what is published again is delivered again, which is better than not at all.
 */
export async function createRepetitions(deps: RepetitionsDeps): Promise<Repetitions> {
  const ids = new RecentIds(MAX_IDS);

  function isRepeated({ headers, offset, appendedAtMs }: LogRecord): boolean {
    const key = `${headers["ce_tenantid"] ?? ""}/${headers["ce_id"] ?? ""}`;
    ids.forgetOlderThan(appendedAtMs - WINDOW_MS);
    return ids.remember(key, offset, appendedAtMs) < offset;
  }

  const { partition } = deps.position;
  for (let triesLeft = TRIES - 1; ; triesLeft--) {
    try {
      await readBack(deps, isRepeated);
      return { isRepeated };
    } catch (error) {
      if (!(error instanceof LogError) || error.code !== "unavailable") throw error;
      deps.logger.warn({ err: error, partition, triesLeft }, "could not read back which ids were published lately");
      if (triesLeft === 0) return { isRepeated };
      await pause(deps.clock, RETRY_MS, deps.stop);
    }
  }
}

type Remember = (record: LogRecord) => unknown;

async function readBack({ reader, clock, position }: RepetitionsDeps, remember: Remember): Promise<void> {
  const sinceMs = clock.nowMs() - WINDOW_MS;
  const { partition, offset: beforeOffset } = position;
  let fromOffset: number | undefined = Math.max(0, beforeOffset - MAX_IDS);
  while (fromOffset !== undefined) {
    fromOffset = await readUntilTooMuch(reader.readBack({ partition, sinceMs, fromOffset, beforeOffset }), {
      remember,
      beforeOffset,
    });
  }
}

/** Reads to the end; or, if what is left is too much by the size of what was read, says from where on it is not. */
async function readUntilTooMuch(
  pages: AsyncIterable<readonly LogRecord[]>,
  { remember, beforeOffset }: { readonly remember: Remember; readonly beforeOffset: number },
): Promise<number | undefined> {
  let [count, bytes, nextOffset] = [0, 0, 0];
  for await (const records of pages) {
    for (const record of records) {
      if (decodeEvent(record).kind === "event") remember(record);
      count += 1;
      bytes += record.value.byteLength;
      nextOffset = record.offset + 1;
    }
    const affordable = Math.floor((MAX_READ_BACK_BYTES * count) / bytes);
    if (beforeOffset - nextOffset > affordable) return beforeOffset - affordable;
  }
  return undefined;
}
