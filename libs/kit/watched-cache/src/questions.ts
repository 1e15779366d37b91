import type { Clock } from "@postrider/kit-lifecycle";
import type { Watch } from "./watch-loop.ts";
import type { WatchedCacheNotice, WatchedCacheOptions } from "./watched-cache-options.ts";

/** Between two tries of a question: growing from the first to the last. */
const RETRY_MS = { first: 100, last: 5000 };
/** While the watch is broken the service is probably away: thousands of questions must not hammer at its door. */
const FIRST_RETRY_UNWATCHED_MS = 1000;
/** How often a question that changes overtake is asked in all; the last answer is given, and not kept. */
const MAX_ROUNDS = 3;

interface Question<Value> {
  readonly scope: string;
  readonly key: string;
  readonly signal: AbortSignal | undefined;
  round: number;
  /** The watch as it was when the round began. */
  watch: Watch | undefined;
  /** A change came after the round began: its answer may be from before. */
  isOvertaken: boolean;
  answer: Promise<Value>;
}

export interface QuestionsDeps<Value> extends Pick<WatchedCacheOptions<Value>, "load" | "patienceMs"> {
  readonly clock: Clock;
  readonly findWatch: () => Watch | undefined;
  readonly keep: (scope: string, key: string, value: Value) => void;
  readonly onNotice: (notice: WatchedCacheNotice) => void;
}

/** The questions that are out: one for each scope and key, however many wait for its answer. */
export class Questions<Value> {
  readonly #deps: QuestionsDeps<Value>;
  readonly #scopes = new Map<string, Map<string, Question<Value>>>();
  /** Ends the pauses of those that wait for another try. */
  readonly #sleepers = new Set<() => void>();
  readonly #heeded = new WeakSet<AbortSignal>();
  #count = 0;

  constructor(deps: QuestionsDeps<Value>) {
    this.#deps = deps;
  }

  get count(): number {
    return this.#count;
  }

  ask(scope: string, key: string, signal: AbortSignal | undefined): Promise<Value> {
    const asked = this.#scopes.get(scope)?.get(key);
    if (asked) return asked.answer;
    if (signal) this.#heed(signal);
    const pending = Promise.withResolvers<Value>();
    const started = { round: 0, watch: undefined, isOvertaken: false, answer: pending.promise };
    const question: Question<Value> = { scope, key, signal, ...started };
    this.#add(question);
    this.#askUntilAnswered(question).then(pending.resolve, pending.reject);
    return question.answer;
  }

  /** A scope has changed: what is out about it is asked again. */
  overtake(scope: string): void {
    for (const question of this.#scopes.get(scope)?.values() ?? []) this.#overtake(question);
  }

  overtakeAll(): void {
    for (const scope of [...this.#scopes.keys()]) this.overtake(scope);
  }

  /** The service is back: whoever waits for another try takes it now. */
  retryNow(): void {
    for (const wake of [...this.#sleepers]) wake();
  }

  #overtake(question: Question<Value>): void {
    question.isOvertaken = true;
    // Its answer is given as it is: who asks from now on asks anew.
    if (question.round >= MAX_ROUNDS) this.#remove(question);
  }

  async #askUntilAnswered(question: Question<Value>): Promise<Value> {
    const { clock, patienceMs } = this.#deps;
    const giveUpUs = clock.monotonicUs() + patienceMs * 1000;
    let delayMs = 0;
    try {
      for (;;) {
        question.signal?.throwIfAborted();
        try {
          return await this.#askInRounds(question);
        } catch (error) {
          const { scope, key } = question;
          question.round = 0;
          this.#deps.onNotice({ kind: "load_failed", scope, key, error });
          const leftMs = (giveUpUs - clock.monotonicUs()) / 1000;
          if (leftMs <= 0) throw error;
          delayMs = Math.min(delayMs === 0 ? this.#firstDelayMs() : delayMs * 2, RETRY_MS.last);
          await this.#sleep(Math.min(delayMs, leftMs));
        }
      }
    } finally {
      this.#remove(question);
    }
  }

  async #askInRounds(question: Question<Value>): Promise<Value> {
    const { load, keep, findWatch } = this.#deps;
    const { scope, key } = question;
    for (question.round = 1; ; question.round += 1) {
      question.isOvertaken = false;
      question.watch = findWatch();
      const value = await load(scope, key);
      if (isOvertaken(question) && question.round < MAX_ROUNDS) continue;
      // Before anything else may run: who asks after the next change must not join a question that is answered.
      this.#remove(question);
      const isTrue = !isOvertaken(question) && question.watch !== undefined && question.watch === findWatch();
      if (isTrue) keep(scope, key, value);
      return value;
    }
  }

  #firstDelayMs(): number {
    return this.#deps.findWatch() === undefined ? FIRST_RETRY_UNWATCHED_MS : RETRY_MS.first;
  }

  async #sleep(delayMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        cancel();
        this.#sleepers.delete(wake);
        resolve();
      };
      const cancel = this.#deps.clock.after(delayMs, wake);
      this.#sleepers.add(wake);
    });
  }

  /** One listener for all questions of a signal: thousands of them on one signal would be slow. */
  #heed(signal: AbortSignal): void {
    if (this.#heeded.has(signal)) return;
    this.#heeded.add(signal);
    signal.addEventListener("abort", () => {
      this.retryNow();
    });
  }

  #add(question: Question<Value>): void {
    const keys = this.#scopes.get(question.scope) ?? new Map<string, Question<Value>>();
    this.#scopes.set(question.scope, keys.set(question.key, question));
    this.#count += 1;
  }

  /** Only if it is still the one that is out; another may have taken its place. */
  #remove({ scope, key, answer }: Question<Value>): void {
    const keys = this.#scopes.get(scope);
    if (keys?.get(key)?.answer !== answer) return;
    keys.delete(key);
    this.#count -= 1;
    if (keys.size === 0) this.#scopes.delete(scope);
  }
}

/** A call, because the compiler takes what it saw set to false for false. */
function isOvertaken(question: { readonly isOvertaken: boolean }): boolean {
  return question.isOvertaken;
}
