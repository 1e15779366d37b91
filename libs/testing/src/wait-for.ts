/** How long a test waits for a signal before it fails, when it does not say: generous, for busy machines. */
export const DEFAULT_DEADLINE_MS = 10_000;

/** Settled from outside; `promise` is what the waiting side holds. */
export interface Deferred<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (error: Error) => void;
}

/** A promise that the test settles by hand: a gate, or a signal that something happened. */
export function deferredPromise<T = undefined>(): Deferred<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  return { promise, resolve, reject };
}

/** Conditions that are looked at again whenever {@link Watchers.changed} is called: waiting without polling. */
export interface Watchers {
  readonly changed: () => void;
  /**
   * Resolves as soon as `isMet` holds.
   *
   * @throws Error with `describe()` in its message, when that takes longer than `deadlineMs`.
   */
  readonly waitUntil: (isMet: () => boolean, describe: () => string, deadlineMs?: number) => Promise<void>;
}

/** Creates an empty set of watchers; whoever owns the watched state calls `changed` after each change. */
export function createWatchers(): Watchers {
  const checks = new Set<() => void>();
  return {
    changed: () => {
      for (const check of [...checks]) check();
    },
    waitUntil: (isMet, describe, deadlineMs = DEFAULT_DEADLINE_MS) =>
      new Promise((resolve, reject) => {
        const finish = (error?: Error): void => {
          clearTimeout(timer);
          checks.delete(check);
          if (error === undefined) resolve();
          else reject(error);
        };
        const check = (): void => {
          try {
            if (isMet()) finish();
          } catch (error) {
            finish(error instanceof Error ? error : new Error(String(error)));
          }
        };
        const timer = setTimeout(() => {
          finish(new Error(`after ${deadlineMs} ms: ${describe()}`));
        }, deadlineMs);
        checks.add(check);
        check();
      }),
  };
}
