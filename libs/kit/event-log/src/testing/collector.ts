import type { LogReader, LogRecord, Position, ReaderEvents } from "../event-log.ts";

/** Runs a reader, keeps what it gives, and lets a test wait for it. */
export interface Collector {
  /** Every record so far, in the order of the calls. */
  readonly records: readonly LogRecord[];
  /** The positions given with the partitions, by partition: the latest. */
  readonly assigned: ReadonlyMap<number, Position>;
  /** Resolves once the condition holds; asked after every call of the reader. Rejects if the run ends before. */
  readonly until: (condition: (collector: Collector) => boolean) => Promise<void>;
  /** Aborts the run and waits for its end. */
  readonly stop: () => Promise<void>;
}

/** `onRecords` may pause the reader or throw. */
export function collect(reader: LogReader, onRecords: ReaderEvents["records"] = () => undefined): Collector {
  const stopping = new AbortController();
  const records: LogRecord[] = [];
  const assigned = new Map<number, Position>();
  const waiting = new Set<() => void>();
  const ask = (): void => {
    for (const check of waiting) check();
  };
  const events: ReaderEvents = {
    assigned: (positions) => {
      for (const position of positions) assigned.set(position.partition, position);
      ask();
    },
    revoked: (partitions) => {
      for (const partition of partitions) assigned.delete(partition);
    },
    records: (partition, more) => {
      records.push(...more);
      onRecords(partition, more);
      ask();
    },
  };
  const run = reader.run(events, stopping.signal);
  // A run that fails shows where the test waits for it: until or stop.
  run.catch(() => undefined);
  const collector: Collector = {
    records,
    assigned,
    until: async (condition) => {
      if (condition(collector)) return;
      const holds = new Promise<void>((resolve) => {
        waiting.add(() => {
          if (condition(collector)) resolve();
        });
      });
      await Promise.race([holds, run.then(() => Promise.reject(new Error("the run ended before")))]);
    },
    stop: async () => {
      stopping.abort();
      await run;
    },
  };
  return collector;
}

/** As a condition for {@link Collector.until}. */
export function hasRecords(count: number): (collector: Collector) => boolean {
  return (collector) => collector.records.length >= count;
}
