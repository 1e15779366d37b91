import type { LogReader, LogRecord, Position } from "@postrider/kit-event-log";
import type { Clock } from "@postrider/kit-lifecycle";
import { RecentIds } from "@postrider/kit-progress";
import { decodeEvent } from "@postrider/records";

/** Publishing an id again within this time delivers once. */
const WINDOW_MS = 10 * 60 * 1000;
/** Ids kept for one partition; at more than 800 new events a second the time that they cover gets shorter. */
const MAX_IDS = 500_000;

/** Tells events that were published again from new ones, for one partition. */
export interface Repetitions {
  /** For records that are events. Whether the same tenant's event of the same id stands at a lower offset within the last ten minutes; remembers it. */
  readonly isRepeated: (record: LogRecord) => boolean;
}

export interface RepetitionsDeps {
  readonly reader: LogReader;
  readonly clock: Clock;
  readonly position: Position;
}

/** Reads the partition's last ten minutes back, so that a restart forgets nothing. */
export async function createRepetitions({ reader, clock, position }: RepetitionsDeps): Promise<Repetitions> {
  const ids = new RecentIds(MAX_IDS);

  function isRepeated({ headers, offset, appendedAtMs }: LogRecord): boolean {
    const key = `${headers["ce_tenantid"] ?? ""}/${headers["ce_id"] ?? ""}`;
    ids.forgetOlderThan(appendedAtMs - WINDOW_MS);
    return ids.remember(key, offset, appendedAtMs) < offset;
  }

  const sinceMs = clock.nowMs() - WINDOW_MS;
  const { partition, offset: beforeOffset } = position;
  for await (const records of reader.readBack({ partition, sinceMs, beforeOffset })) {
    for (const record of records) if (decodeEvent(record).kind === "event") isRepeated(record);
  }
  return { isRepeated };
}
