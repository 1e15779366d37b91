import type { Cancel, Clock } from "@postrider/kit-lifecycle";

/** Wakes who waits for appends, once for each position that it hears of, from wherever and in whatever order. */
export interface AppendBell {
  readonly listen: (listener: () => void) => () => void;
  /** The position is visible now. */
  readonly ringUpTo: (position: number) => void;
  /** Appends may have been missed, or the storage may be another one. */
  readonly ringAnyway: () => void;
}

export interface AppendBellOptions {
  readonly clock: Clock;
  /** While somebody listens, the revision is looked at this often, should a notification be lost; milliseconds. */
  readonly pollMs: number;
  /** Rejects when it can't be read. */
  readonly readRevision: () => Promise<number>;
}

export function createAppendBell({ clock, pollMs, readRevision }: AppendBellOptions): AppendBell {
  const listeners = new Set<() => void>();
  let told = 0;
  let cancelPoll: Cancel | undefined;

  function wakeAll(): void {
    for (const listener of listeners) queueMicrotask(listener);
  }

  function tell(position: number): void {
    if (position === told) return;
    told = position;
    wakeAll();
  }

  async function poll(): Promise<void> {
    try {
      // Lower than what was told after a restore from a backup: then appends count from there again.
      tell(await readRevision());
    } catch {
      // Away: the next look may find it back, and who reads is told by their own reading.
    }
    if (listeners.size > 0) schedulePoll();
  }

  function schedulePoll(): void {
    cancelPoll?.();
    cancelPoll = clock.after(pollMs, () => void poll());
  }

  return {
    ringUpTo: (position) => {
      if (position > told) tell(position);
    },
    ringAnyway: () => {
      told = 0;
      wakeAll();
    },
    listen: (listener) => {
      // A wrapper of its own, so that one function given twice is two listeners.
      const wake = (): void => {
        listener();
      };
      listeners.add(wake);
      if (listeners.size === 1) schedulePoll();
      return () => {
        listeners.delete(wake);
        if (listeners.size === 0) cancelPoll?.();
      };
    },
  };
}
