import { createWatchers, deferredPromise } from "@postrider/testing";
import type { WatchedChange } from "../watched-cache-options.ts";

/** An answer of the test's service: which change of the scope it is from. */
export interface Answer {
  readonly version: number;
}

/** A question that is out: the test decides what comes of it. */
export interface Load {
  readonly scope: string;
  readonly key: string;
  /** The service as it was when it was asked. */
  readonly versionThen: number;
  readonly reply: (version: number) => void;
  readonly fail: (error: Error) => void;
}

/** One stream of changes: it tells what the test lets it, and ends as the test says. */
export class TestWatch {
  readonly afterRevision: bigint;
  readonly #changes: WatchedChange[] = [];
  readonly #watchers = createWatchers();
  #end: Error | "ended" | undefined;
  readonly #taken: (change: WatchedChange) => void;

  constructor(afterRevision: bigint, signal: AbortSignal, taken: (change: WatchedChange) => void) {
    this.afterRevision = afterRevision;
    this.#taken = taken;
    signal.addEventListener("abort", () => {
      this.end("ended");
    });
  }

  get isOpen(): boolean {
    return this.#end === undefined;
  }

  tell(revision: bigint, scope = ""): void {
    this.#changes.push({ revision, scope });
    this.#watchers.changed();
  }

  end(how: Error | "ended"): void {
    this.#end ??= how;
    this.#watchers.changed();
  }

  async *read(): AsyncGenerator<WatchedChange> {
    for (;;) {
      await this.#watchers.waitUntil(
        () => this.#changes.length > 0 || this.#end !== undefined,
        () => "no change came",
      );
      const change = this.#changes.shift();
      if (change) {
        yield change;
        // The reader asks for the next one: it has taken this one to heart.
        this.#taken(change);
      } else if (this.#end instanceof Error) throw this.#end;
      else return;
    }
  }
}

/** A service that answers when the test says so, with a version for each scope that a change moves on. */
export class TestService {
  readonly watches: TestWatch[] = [];
  readonly loads: Load[] = [];
  /** Every question so far, as scope/key. */
  readonly asked: string[] = [];
  readonly versions = new Map<string, number>();
  taken: (change: WatchedChange) => void = () => undefined;

  readonly load = async (scope: string, key: string): Promise<Answer> => {
    this.asked.push(`${scope}/${key}`);
    const { promise, resolve, reject } = deferredPromise<Answer>();
    const forget = (): void => {
      this.loads.splice(this.loads.indexOf(load), 1);
    };
    const load: Load = {
      ...{ scope, key, versionThen: this.versionOf(scope) },
      reply: (version) => {
        forget();
        resolve({ version });
      },
      fail: (error) => {
        forget();
        reject(error);
      },
    };
    this.loads.push(load);
    return promise;
  };

  readonly watch = (afterRevision: bigint, signal: AbortSignal): AsyncIterable<WatchedChange> => {
    const watch = new TestWatch(afterRevision, signal, (change) => {
      this.taken(change);
    });
    this.watches.push(watch);
    return watch.read();
  };

  versionOf(scope: string): number {
    return this.versions.get(scope) ?? 0;
  }

  get watching(): TestWatch {
    const last = this.watches.at(-1);
    if (!last) throw new Error("nobody watches");
    return last;
  }

  /** The question that is out. */
  get load1(): Load {
    const [only] = this.loads;
    if (!only || this.loads.length > 1) throw new Error(`${this.loads.length} questions are out, not one`);
    return only;
  }
}
