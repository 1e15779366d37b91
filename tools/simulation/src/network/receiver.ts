import type { RandomSource } from "../time/random-source.ts";

/**
 * How a receiver behaves over time.
 * - `healthy`: always answers, and soon.
 * - `shaky`: healthy, but a few answers are a 500.
 * - `slow`: always answers, in a good part of the time that it may take.
 * - `flapping`, `hanging`, `dripping`, `limiting`, `vanishing`: healthy for a while, then for a while not: it answers 500;
 *   takes the request and says nothing; answers about when the patience ends; answers 429 with a Retry-After; can't be
 *   reached, or breaks the connection after it took the request.
 * - `leaving`: healthy for a while, then for a while it says 410, that it is gone for good.
 * - `broken`: always answers 500, 404 or, rarely, 410.
 */
export type ReceiverKind =
  "healthy" | "shaky" | "slow" | "flapping" | "hanging" | "dripping" | "limiting" | "vanishing" | "leaving" | "broken";

export const UNRELIABLE_KINDS = ["flapping", "hanging", "dripping", "limiting", "vanishing", "leaving"] as const;

/** What a receiver does with one request. */
export type Reaction =
  | { readonly kind: "answer"; readonly afterMs: number; readonly status: number; readonly retryAfter?: string }
  | { readonly kind: "silence" }
  | { readonly kind: "failure"; readonly afterMs: number; readonly reason: "dns" | "connect" | "tls" | "reset" };

/** How long a receiver is well, and how long it is not, milliseconds. */
const WELL_MS = { least: 10 * 60_000, most: 4 * 3_600_000 };
const UNWELL_MS = { least: 20_000, most: 60 * 60_000 };
const SHAKY_SHARE = 0.03;
const GONE_SHARE = 0.05;

export interface ReceiverOptions {
  readonly kind: ReceiverKind;
  readonly random: RandomSource;
  /** From here on it is well, whatever its kind (but `broken`). */
  readonly calmFromMs: number;
}

/** A tenant's server. */
export class Receiver {
  readonly #options: ReceiverOptions;
  #isWell = true;
  #untilMs: number;

  constructor(options: ReceiverOptions, nowMs: number) {
    this.#options = options;
    this.#untilMs = nowMs + options.random.magnitude(WELL_MS.least, WELL_MS.most);
  }

  react(nowMs: number, timeoutMs: number): Reaction {
    const { kind, random, calmFromMs } = this.#options;
    if (kind === "broken") return this.#answer(random.chance(GONE_SHARE) ? 410 : random.pick([500, 503, 404, 302]));
    if (kind === "healthy") return this.#answer(200);
    if (kind === "slow") return { kind: "answer", afterMs: timeoutMs * random.between(0.1, 0.6), status: 200 };
    if (kind === "shaky") return this.#answer(nowMs < calmFromMs && random.chance(SHAKY_SHARE) ? 500 : 200);
    return this.#isWellAt(nowMs) ? this.#answer(200) : this.#reactUnwell(kind, nowMs, timeoutMs);
  }

  #isWellAt(nowMs: number): boolean {
    const { random, calmFromMs } = this.#options;
    while (nowMs >= this.#untilMs) {
      this.#isWell = !this.#isWell;
      const { least, most } = this.#isWell ? WELL_MS : UNWELL_MS;
      this.#untilMs += random.magnitude(least, most);
    }
    return this.#isWell || nowMs >= calmFromMs;
  }

  #reactUnwell(
    kind: Exclude<ReceiverKind, "healthy" | "shaky" | "slow" | "broken">,
    nowMs: number,
    timeoutMs: number,
  ): Reaction {
    const { random } = this.#options;
    switch (kind) {
      case "flapping":
        return this.#answer(500);
      case "leaving":
        return this.#answer(410);
      case "hanging":
        return { kind: "silence" };
      case "dripping":
        return { kind: "answer", afterMs: timeoutMs * random.between(0.5, 1.3), status: 200 };
      case "limiting": {
        const seconds = random.whole(1, 90);
        const date = new Date(Math.ceil(nowMs / 1000) * 1000 + seconds * 1000).toUTCString();
        const retryAfter = random.pick([String(seconds), date, "soon"]);
        return { kind: "answer", afterMs: random.between(5, 50), status: 429, retryAfter };
      }
      case "vanishing": {
        const reason = random.pick(["dns", "connect", "tls", "reset"] as const);
        return { kind: "failure", afterMs: random.magnitude(1, timeoutMs), reason };
      }
    }
  }

  #answer(status: number): Reaction {
    return { kind: "answer", afterMs: this.#options.random.between(5, 80), status };
  }
}
