import { type Clock, pause, type Random } from "@postrider/kit-lifecycle";
import {
  type WatchedCacheNotice,
  type WatchedCacheOptions,
  type WatchedChange,
  WatchGap,
} from "./watched-cache-options.ts";

/** Between two tries to watch: growing from the first to the last, so that a service that is back is used soon. */
const RETRY_MS = { first: 100, last: 1000 };
/** Of a pause, by chance: many processes lose the same service at the same time. */
const JITTER = 0.2;

/** One unbroken stream of changes; compared by identity. */
export interface Watch {
  readonly afterRevision: bigint;
}

export interface WatchLoopDeps extends Pick<WatchedCacheOptions<never>, "watch"> {
  readonly clock: Clock;
  readonly random: Random;
  /** A stream has told its first change, or the revision; before `changed` is called for it. */
  readonly began: () => void;
  readonly changed: (scope: string) => void;
  readonly forgetAll: () => void;
  readonly onNotice: (notice: WatchedCacheNotice) => void;
}

/** Watches, and begins again behind the last revision whenever the stream breaks. */
export class WatchLoop {
  readonly #deps: WatchLoopDeps;
  #current: Watch | undefined;
  #revision = 0n;

  constructor(deps: WatchLoopDeps) {
    this.#deps = deps;
  }

  /** The stream that is read now; undefined while there is none that has told anything yet. */
  get current(): Watch | undefined {
    return this.#current;
  }

  get revision(): bigint {
    return this.#revision;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, random } = this.#deps;
    let delayMs = RETRY_MS.first;
    while (!signal.aborted) {
      // A service that only restarted is watched again soon, however often the tries before failed.
      if (await this.#watchOnce(signal)) delayMs = RETRY_MS.first;
      await pause(clock, delayMs * (1 + JITTER * (2 * random() - 1)), signal);
      delayMs = Math.min(delayMs * 2, RETRY_MS.last);
    }
  }

  /** Reads one stream until it ends; tells whether it had begun. */
  async #watchOnce(signal: AbortSignal): Promise<boolean> {
    const watch: Watch = { afterRevision: this.#revision };
    let error: unknown;
    try {
      for await (const change of this.#deps.watch(watch.afterRevision, signal)) this.#take(change, watch);
    } catch (thrown) {
      error = thrown;
      if (thrown instanceof WatchGap) this.#forgetAll(0n);
    }
    const hasBegun = this.#current === watch;
    this.#current = undefined;
    if (!signal.aborted) this.#deps.onNotice({ kind: "watch_broke", error });
    return hasBegun;
  }

  #take({ revision, scope }: WatchedChange, watch: Watch): void {
    if (revision < this.#revision) this.#forgetAll(revision);
    // A stream after 0 begins with now: what changed before it is not told. (A service without any change is at 0.)
    if (watch.afterRevision === 0n && this.#current !== watch) this.#deps.forgetAll();
    this.#revision = revision;
    if (scope !== "") this.#deps.changed(scope);
    if (this.#current === watch) return;
    this.#current = watch;
    this.#deps.onNotice({ kind: "watch_began", revision });
    this.#deps.began();
  }

  #forgetAll(revision: bigint): void {
    this.#deps.onNotice({ kind: "all_forgotten", knownRevision: this.#revision, revision });
    this.#revision = revision;
    this.#deps.forgetAll();
  }
}
