import type { AppendRecord, LogWriter } from "@postrider/kit-event-log";
import type { Deferred, DeferredTask } from "@postrider/kit-deferred";
import { type Clock, pause } from "@postrider/kit-lifecycle";
import type { Logger } from "@postrider/kit-telemetry";
import { type DeadLetter, encodeAttempts, encodeDeadLetter, type RecordedAttempt } from "@postrider/records";

/** Attempts in one record: enough that the record's cost vanishes, and well under a broker's limit of 1 MiB. */
const MAX_ATTEMPTS_PER_RECORD = 256;
/** While the log or the store is away, tries go on at these distances. */
const RETRY_MS = { first: 50, last: 5000 };

/**
 * Makes outcomes durable, whatever it takes: each function resolves when its record is durable, and rejects only when
 * the signal aborts. Attempts and dead letters gather while an append is out, so that a busy log gets few large ones.
 */
export interface Recorder {
  readonly recordAttempt: (attempt: RecordedAttempt) => Promise<void>;
  readonly recordDeadLetter: (letter: DeadLetter) => Promise<void>;
  readonly recordQuarantined: (record: AppendRecord) => Promise<void>;
  readonly defer: (task: DeferredTask) => Promise<void>;
}

export interface RecorderDeps {
  readonly writer: LogWriter;
  readonly deferred: Deferred;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Aborts what can't be recorded when the process must end: it is done again after the restart. */
  readonly signal: AbortSignal;
}

export function createRecorder(deps: RecorderDeps): Recorder {
  const attempts = createGatherer<RecordedAttempt>(async (batch) => {
    const records: AppendRecord[] = [];
    for (let start = 0; start < batch.length; start += MAX_ATTEMPTS_PER_RECORD) {
      records.push(encodeAttempts(batch.slice(start, start + MAX_ATTEMPTS_PER_RECORD)));
    }
    await persist("attempts", deps, async () => deps.writer.append(records));
  });
  const records = createGatherer<AppendRecord>(async (batch) => {
    await persist("dead letters", deps, async () => deps.writer.append(batch));
  });
  const tasks = createGatherer<DeferredTask>(async (batch) => {
    await persist("deferred deliveries", deps, async () => deps.deferred.defer(batch));
  });
  return {
    recordAttempt: attempts,
    recordDeadLetter: async (letter) => records(encodeDeadLetter(letter)),
    recordQuarantined: records,
    defer: tasks,
  };
}

/** Gathers items while one batch is out; each item's promise settles with its batch. */
function createGatherer<T>(write: (batch: readonly T[]) => Promise<void>): (item: T) => Promise<void> {
  let gathered: T[] = [];
  let next: Promise<void> | undefined;
  let current: Promise<void> = Promise.resolve();

  function writeGathered(): Promise<void> {
    const batch = gathered;
    gathered = [];
    next = undefined;
    current = write(batch);
    return current;
  }

  return (item) => {
    gathered.push(item);
    next ??= current.then(writeGathered, writeGathered);
    return next;
  };
}

async function persist(what: string, deps: RecorderDeps, write: () => Promise<unknown>): Promise<void> {
  for (let delayMs = RETRY_MS.first; ; delayMs = Math.min(delayMs * 2, RETRY_MS.last)) {
    deps.signal.throwIfAborted();
    try {
      await write();
      return;
    } catch (error) {
      deps.logger.error({ err: error, retryInMs: delayMs }, `could not record ${what}; deliveries wait for it`);
      await pause(deps.clock, delayMs, deps.signal);
    }
  }
}
