/** Milliseconds since the epoch, UTC. */
export type EpochMs = number;

/** Cancels what it was returned for; calling it again does nothing. */
export type Cancel = () => void;

/**
 * Time as an argument: what waits or asks for the time takes a Clock, so that a simulation can run hours in
 * milliseconds and a test never sleeps.
 */
export interface Clock {
  readonly nowMs: () => EpochMs;
  /** A duration measure that never jumps; microseconds from an arbitrary start. */
  readonly monotonicUs: () => number;
  /** Calls back once after `delayMs` (0 to 2^31-1). */
  readonly after: (delayMs: number, callback: () => void) => Cancel;
}

/** Chance as an argument: uniform in [0, 1). */
export type Random = () => number;

/** The machine's own clock. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicUs: () => performance.now() * 1000,
  after: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs);
    return () => {
      clearTimeout(timer);
    };
  },
};

/** Resolves after `delayMs`, or at once when the signal aborts, if there is one: look at it afterwards. */
export async function pause(clock: Pick<Clock, "after">, delayMs: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return;
  await new Promise<void>((resolve) => {
    const finish = (): void => {
      cancel();
      signal?.removeEventListener("abort", finish);
      resolve();
    };
    const cancel = clock.after(delayMs, finish);
    signal?.addEventListener("abort", finish, { once: true });
  });
}

/** Resolves when the signal aborts. */
export async function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    signal.addEventListener("abort", () => {
      resolve();
    });
  });
}
