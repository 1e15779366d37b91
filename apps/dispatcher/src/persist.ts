import { type Clock, pause } from "@postrider/kit-lifecycle";
import type { Logger } from "@postrider/kit-telemetry";

/** While the log or the store is away, tries go on at these distances. */
const RETRY_MS = { first: 50, last: 5000 };

export interface PersistDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Aborts what can't be recorded when the process must end: it is done again after the restart. */
  readonly signal: AbortSignal;
  /** Nothing can be recorded until somebody changes settings or rights: the process must end, and abort the signal. */
  readonly fail: (error: Error) => void;
}

/** One kind of what is made durable. */
export interface Kind<T> {
  /** For people, in the plural. */
  readonly words: string;
  readonly write: (batch: readonly T[]) => Promise<unknown>;
  /** What is done instead for one that can't ever be written as it is. Must end: with another form, or with its loss. */
  readonly replace: (item: T, refusal: Error) => Promise<void>;
}

/**
 * Makes a batch durable, whatever it takes. What is refused is looked for by halves, so that one item that is too large
 * costs none of the others anything; it is then replaced. Rejects only when the signal aborts.
 */
export async function persist<T>(batch: readonly T[], kind: Kind<T>, deps: PersistDeps): Promise<void> {
  const refusal = await tryUntilAnswered(batch, kind, deps);
  if (refusal === undefined) return;
  const [only] = batch;
  if (only !== undefined && batch.length === 1) {
    await kind.replace(only, refusal);
    return;
  }
  const middle = batch.length >> 1;
  await persist(batch.slice(0, middle), kind, deps);
  await persist(batch.slice(middle), kind, deps);
}

/** Tries until the batch is durable, or refused: then the refusal. */
async function tryUntilAnswered<T>(
  batch: readonly T[],
  { words, write }: Kind<T>,
  { clock, logger, signal, fail }: PersistDeps,
): Promise<Error | undefined> {
  for (let delayMs = RETRY_MS.first; ; delayMs = Math.min(delayMs * 2, RETRY_MS.last)) {
    signal.throwIfAborted();
    try {
      await write(batch);
      return undefined;
    } catch (error) {
      switch (codeOf(error)) {
        case "refused":
          return error as Error;
        case "setup":
          fail(error as Error);
          throw error;
      }
      logger.error({ err: error, retryInMs: delayMs }, `could not record ${words}; deliveries wait for it`);
      await pause(clock, delayMs, signal);
    }
  }
}

/** The code of a LogError or a DeferredError: both say `refused` and `setup` in the same sense. */
function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}
