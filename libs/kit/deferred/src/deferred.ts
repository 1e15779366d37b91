/**
 * The port of deferred work: tasks that wait, durably, for a due time.
 *
 * Invariants: a task that {@link Deferred.defer} resolved for is handed out at or after its due time, again and again
 * over restarts, until its handling resolved: at least once, never lost. Tasks due at the same time come in any order.
 * Adapters: SQLite (an indexed due table), Kafka (a timing wheel of topics). One conformance suite.
 */
export interface DeferredTask {
  /** Tasks of one key have one owner at a time. */
  readonly key: string;
  readonly value: Uint8Array;
  /** Milliseconds since the epoch. */
  readonly dueAtMs: number;
}

export interface Deferred {
  /** Durable when it resolves. After a rejection some may be kept all the same. @throws {DeferredError} */
  readonly defer: (tasks: readonly DeferredTask[]) => Promise<void>;
  /**
   * Hands out what is due until the signal aborts, up to `maxInFlight` tasks at a time. A task whose handling resolved
   * is forgotten; one whose handling rejected is handed out again after a while. Resolves when those in flight ended.
   */
  readonly run: (options: RunDeferredOptions, signal: AbortSignal) => Promise<void>;
}

export interface RunDeferredOptions {
  readonly onDue: (task: DeferredTask) => Promise<void>;
  /** 1 or more. */
  readonly maxInFlight: number;
}

/**
 * `unavailable`: the same may work later. `refused`: it can't ever work as it was asked. `setup`: nothing can work until
 * somebody changes the store's settings or our rights, so end the process.
 */
export type DeferredErrorCode = "unavailable" | "refused" | "setup";

/** The store could not take or give tasks. */
export class DeferredError extends Error {
  override readonly name = "DeferredError";
  readonly code: DeferredErrorCode;

  constructor(code: DeferredErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
