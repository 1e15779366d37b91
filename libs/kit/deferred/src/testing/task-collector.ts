import type { Deferred, DeferredTask } from "../deferred.ts";

/** Runs deferred work, keeps what is handed out, and lets a test wait for it. */
export interface TaskCollector {
  readonly tasks: readonly DeferredTask[];
  /** The same, with the time of each. */
  readonly handedOut: readonly { readonly task: DeferredTask; readonly atMs: number }[];
  /** Resolves once this many were handed out. Rejects if the run ends before. */
  readonly until: (count: number) => Promise<void>;
  /** Aborts the run and waits for its end. */
  readonly stop: () => Promise<void>;
}

export interface CollectOptions {
  /** `time` counts the hand-outs of the task's key, from 1. By default each is handled at once. */
  readonly onDue?: (task: DeferredTask, time: number) => Promise<void>;
  readonly maxInFlight?: number;
}

export function runAndCollect(deferred: Deferred, options: CollectOptions = {}): TaskCollector {
  const { onDue = () => Promise.resolve(), maxInFlight = 100 } = options;
  const stopping = new AbortController();
  const handedOut: { readonly task: DeferredTask; readonly atMs: number }[] = [];
  const tasks: DeferredTask[] = [];
  const times = new Map<string, number>();
  const waiting = new Set<() => void>();
  const take = (task: DeferredTask): Promise<void> => {
    handedOut.push({ task, atMs: Date.now() });
    tasks.push(task);
    const time = (times.get(task.key) ?? 0) + 1;
    times.set(task.key, time);
    for (const check of waiting) check();
    return onDue(task, time);
  };
  const run = deferred.run({ onDue: take, maxInFlight }, stopping.signal);
  // A run that fails shows where the test waits for it: until or stop.
  run.catch(() => undefined);
  return {
    tasks,
    handedOut,
    until: async (count) => {
      const reached = new Promise<void>((resolve) => {
        const check = (): void => {
          if (handedOut.length >= count) resolve();
        };
        waiting.add(check);
        check();
      });
      await Promise.race([reached, run.then(() => Promise.reject(new Error("the run ended before")))]);
    },
    stop: async () => {
      stopping.abort();
      await run;
    },
  };
}
