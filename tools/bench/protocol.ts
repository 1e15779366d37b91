// What the benchmark's processes say to each other over IPC. Receiver, publisher and bare loop are processes of their
// own, so that the CPU of each can be told apart and none of them slows the platform's event loop.

export type ReceiverCommand =
  /** Forget what was counted. */
  { readonly kind: "reset" } | { readonly kind: "report" };

/** Since the last reset. */
export interface ReceiverReport {
  readonly deliveries: number;
  /** Bodies without a readable publish time: always 0, or the delays mean nothing. */
  readonly unreadable: number;
  /** When this was written: milliseconds, monotonic. */
  readonly atMs: number;
  /** From the publisher's call to the whole request's arrival. */
  readonly delay: Delay;
}

/** Milliseconds. */
export interface Delay {
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

export type PublisherCommand =
  | { readonly kind: "connect"; readonly address: string }
  | SaturateCommand
  /** Single events on a schedule that waits for nobody (open loop). */
  | { readonly kind: "pace"; readonly perSecond: number; readonly durationMs: number };

/** Batches, as fast as the platform takes them, until told to stop or until `maxEvents`. */
export interface SaturateCommand {
  readonly kind: "saturate";
  readonly maxEvents: number;
  readonly maxAhead: number;
  /** The events are spread over so many tenants. */
  readonly tenants: number;
}

export interface PublisherReport {
  readonly accepted: number;
  readonly rejected: number;
  /** Why, of the last rejection. */
  readonly lastRejection?: string;
  /** Fewest events that were sent and not yet received, after the mark: 0 means that the platform had nothing to do. */
  readonly lowestAhead: number;
  /** How far the publisher itself fell behind its schedule. */
  readonly maxLateMs: number;
  /** From call to acknowledgement (of a whole batch, when saturating). */
  readonly acknowledged: Delay;
}

/** Told to the publisher while it works; not answered. */
export type PublisherNotice =
  | { readonly kind: "received"; readonly deliveries: number }
  /** The measured window begins. */
  | { readonly kind: "mark" }
  | { readonly kind: "stop" };

/** Runs until told to stop. */
export interface BareLoopCommand {
  readonly kind: "run";
  readonly url: string;
  readonly concurrency: number;
}

export interface BareLoopReport {
  readonly sent: number;
  /** Answers other than 200, and requests that failed. */
  readonly failed: number;
}

/** Microseconds since the epoch on a clock that does not jump while a process lives: finer than Date.now(). */
export function epochUs(): number {
  return Math.round((performance.timeOrigin + performance.now()) * 1000);
}
