import { Generations, type Known } from "./generations.ts";
import { Questions } from "./questions.ts";
import { WatchLoop } from "./watch-loop.ts";
import type { WatchedCacheOptions } from "./watched-cache-options.ts";

/**
 * A cache of a service's answers, kept true by the service's stream of changes.
 *
 * Model: an answer belongs to a key within a scope (the types that a tenant is asked about). The service has a revision
 * that grows with each change, and a watch tells after which revision which scope's answers are no longer true.
 *
 * Invariants:
 * 1. An answer is kept only if changes were watched, by one unbroken stream, from before its question until now.
 * 2. A change of a scope forgets that scope's answers. What is being asked for meanwhile is asked again, and nobody who
 *    asks after the change gets an answer from before it.
 * 3. One question is out per scope and key.
 * 4. While the watch is broken, what is known is served, as it was; what is not known is asked for each time and not kept.
 *    After the break the watch goes on behind the last revision that was told, so what was missed is told then.
 * 5. A revision that goes back (a restored database), or a `WatchGap`, forgets everything.
 * 6. Memory is bounded; what was not used for longest goes first.
 *
 * Failures: a question that fails is asked again at growing distances, and at once when the watch is back, until the
 * patience is over; then it rejects, and the next who asks begins anew. The watch is tried again for ever.
 */
export interface WatchedCache<Value> {
  /**
   * The answer; without a promise when it is known.
   * @param signal gives up a question that fails; the first who asks for it decides
   * @throws (by the promise) what `load` last rejected with when the patience was over; the signal's reason
   */
  readonly find: (scope: string, key: string, signal?: AbortSignal) => Value | Promise<Value>;
  /** Watches until the signal aborts. */
  readonly run: (signal: AbortSignal) => Promise<void>;
  readonly state: () => WatchedCacheState;
}

/** For readiness and metrics. */
export interface WatchedCacheState {
  readonly isWatching: boolean;
  /** The last that was told; 0 before the first. */
  readonly revision: bigint;
  /** What is held of `maxEntries`. */
  readonly entries: number;
  /** Questions that are out, those included that wait for another try. */
  readonly asking: number;
}

export function createWatchedCache<Value extends Known>(options: WatchedCacheOptions<Value>): WatchedCache<Value> {
  const { maxEntries, weigh = () => 1, onNotice = () => undefined } = options;
  const known = new Generations<Value>({ maxWeight: maxEntries, weigh });
  const questions = new Questions<Value>({
    ...{ load: options.load, patienceMs: options.patienceMs, clock: options.clock, onNotice },
    findWatch: () => loop.current,
    keep: (scope, key, value) => {
      known.set(scope, key, value);
    },
  });
  const loop = new WatchLoop({
    ...{ watch: options.watch, clock: options.clock, random: options.random ?? (() => 0.5), onNotice },
    began: () => {
      questions.retryNow();
    },
    changed: (scope) => {
      known.forget(scope);
      questions.overtake(scope);
    },
    forgetAll: () => {
      known.clear();
      questions.overtakeAll();
    },
  });
  return {
    find: (scope, key, signal) => known.find(scope, key) ?? questions.ask(scope, key, signal),
    run: async (signal) => loop.run(signal),
    state: () => ({
      isWatching: loop.current !== undefined,
      revision: loop.revision,
      entries: known.weight,
      asking: questions.count,
    }),
  };
}
