import type { Clock, Random } from "@postrider/kit-lifecycle";

/** What `watch` tells: the revision, and whose answers are no longer true as of it. */
export interface WatchedChange {
  readonly revision: bigint;
  /** Empty: nobody's; it only tells the revision. */
  readonly scope: string;
}

/** For `watch` to throw: what changed after our revision can't be told any more. Everything is forgotten then. */
export class WatchGap extends Error {
  override readonly name = "WatchGap";
}

/** What an operator may want to know. Not bounded in number: the listener bounds what it logs. */
export type WatchedCacheNotice =
  | { readonly kind: "watch_began"; readonly revision: bigint }
  | { readonly kind: "watch_broke"; readonly error: unknown }
  | { readonly kind: "all_forgotten"; readonly knownRevision: bigint; readonly revision: bigint }
  | { readonly kind: "load_failed"; readonly scope: string; readonly key: string; readonly error: unknown };

export interface WatchedCacheOptions<Value> {
  /** Asks the service. Its answer must hold every change that the service told before it was asked. */
  readonly load: (scope: string, key: string) => Promise<Value>;
  /**
   * Changes after the revision (0: from now on), in order, then live. Something must come at once, with the current revision
   * at least. Ends or throws when the connection breaks or the signal aborts.
   */
  readonly watch: (afterRevision: bigint, signal: AbortSignal) => AsyncIterable<WatchedChange>;
  /** Answers, and one more for each scope, that are kept; an answer counts as `weigh` says. */
  readonly maxEntries: number;
  /** As how many entries an answer counts; 1 if absent. */
  readonly weigh?: (value: Value) => number;
  /** How long a question that fails is asked again, in milliseconds; once if 0. */
  readonly patienceMs: number;
  readonly clock: Clock;
  /** Spreads the tries of many processes; none if absent. */
  readonly random?: Random;
  readonly onNotice?: (notice: WatchedCacheNotice) => void;
}
