/** When to stop sending to an endpoint that only fails, and for how long. Times in milliseconds. */
export interface BreakerPolicy {
  /** Failures without a success between them, 1 or more. */
  readonly consecutiveFailures: number;
  /** Failures are counted over this time; at least half of it, at most all. */
  readonly windowMs: number;
  /** Fewer attempts in a window prove nothing. */
  readonly leastInWindow: number;
  /** This share of a window's attempts failed: above 0 up to 1. */
  readonly failureShare: number;
  /** How long it stays open at first; twice as long each time that the endpoint did not recover. */
  readonly firstOpenMs: number;
  /** The longest, before up to a fifth is added by chance. */
  readonly maxOpenMs: number;
  /** A probe that is not over by then no longer keeps the next one from starting. */
  readonly probeMs: number;
}

/**
 * Eight in a row is all that an endpoint without history is given at first: one that hangs is known after one round. A
 * share of four fifths, because an endpoint with half of its answers good is better served by retries than by a pause.
 * Five minutes, so that one that came back is found soon. A probe ends with its attempt, a minute at most.
 */
export const DEFAULT_BREAKER_POLICY: BreakerPolicy = {
  consecutiveFailures: 8,
  windowMs: 20_000,
  leastInWindow: 20,
  failureShare: 0.8,
  firstOpenMs: 5_000,
  maxOpenMs: 300_000,
  probeMs: 65_000,
};

/** Up to this share of the open time is added, so that endpoints that failed together aren't probed together. */
const JITTER = 0.2;

/**
 * Keeps an endpoint that only fails from being sent to. Mutable; clock and chance are the caller's.
 *
 * ```
 * closed ──too many failures──▶ open ──its time is over: one attempt, the probe──▶ half_open
 *    ▲                            ▲                                                  │ │
 *    │                            └───────────────────probe failed───────────────────┘ │
 *    └────────────────────────────────probe went well──────────────────────────────────┘
 * ```
 *
 * Invariants: always leaves open, after at most 1.2 times the longest time; one probe at a time, unless it is overdue.
 * What began before it opened says nothing any more, neither good nor bad.
 */
export class Breaker {
  readonly #random: () => number;
  readonly #policy: BreakerPolicy;
  #state: "closed" | "open" | "half_open" = "closed";
  #openedAtMs = 0;
  #openUntilMs = 0;
  /** When it last closed, after `#openings` times in a row that it opened. */
  #closedAtMs = 0;
  #openings = 0;
  /** Undefined: no probe is out. */
  #probedAtMs: number | undefined;
  #consecutive = 0;
  /** The window is the current half and the one before. */
  #halfBeganAtMs = 0;
  #attempts = 0;
  #failures = 0;
  #attemptsBefore = 0;
  #failuresBefore = 0;

  /** @param random uniform in [0, 1), for each time that it opens */
  constructor(random: () => number, policy: BreakerPolicy = DEFAULT_BREAKER_POLICY) {
    this.#random = random;
    this.#policy = policy;
  }

  get state(): "closed" | "open" | "half_open" {
    return this.#state;
  }

  /** Until when nothing may start, milliseconds since the epoch; may have passed. 0 when it is not open. */
  get openUntilMs(): number {
    return this.#state === "open" ? this.#openUntilMs : 0;
  }

  /** Whether an attempt may start: any when closed, else one, the probe. */
  canStart(nowMs: number): boolean {
    switch (this.#state) {
      case "closed":
        return true;
      case "open":
        // The wall clock may step back: not even then does it stay open for longer than it was to.
        return nowMs >= this.#openUntilMs || nowMs < this.#openedAtMs;
      case "half_open":
        return !this.#isProbing(nowMs);
    }
  }

  /** An attempt began that {@link canStart} allowed. */
  start(nowMs: number): void {
    if (this.#state === "closed") return;
    this.#state = "half_open";
    // After a step back of the clock this would not be after it opened, and so not be taken for the probe.
    this.#openedAtMs = Math.min(this.#openedAtMs, nowMs - 1);
    this.#probedAtMs = nowMs;
  }

  /** An attempt that began at `startedAtMs` went well. Returns whether that closed the breaker. */
  succeed(nowMs: number, startedAtMs: number): boolean {
    if (this.#state === "closed") {
      this.#consecutive = 0;
      this.#count(nowMs, 0);
      return false;
    }
    if (!this.#isProbe(startedAtMs)) return false;
    this.#state = "closed";
    this.#closedAtMs = nowMs;
    this.#forget();
    return true;
  }

  /** An attempt that began at `startedAtMs` failed. */
  fail(nowMs: number, startedAtMs: number): void {
    if (this.#state !== "closed") {
      if (this.#isProbe(startedAtMs)) this.#open(nowMs);
      return;
    }
    // It was out when the breaker opened, and has been judged with those of its time.
    if (startedAtMs < this.#openedAtMs && this.#openedAtMs <= nowMs) return;
    this.#consecutive++;
    this.#count(nowMs, 1);
    if (this.#consecutive >= this.#policy.consecutiveFailures || this.#hasFailingWindow()) this.#open(nowMs);
  }

  /** An attempt that began at `startedAtMs` ended, and says nothing: if it was the probe, another may start. */
  release(startedAtMs: number): void {
    // One that was overdue began so much earlier than the probe that is out now, which goes on.
    const isNewest = startedAtMs + this.#policy.probeMs > (this.#probedAtMs ?? Infinity);
    if (this.#isProbe(startedAtMs) && isNewest) this.#probedAtMs = undefined;
  }

  #isProbing(nowMs: number): boolean {
    const probedAtMs = this.#probedAtMs;
    return probedAtMs !== undefined && nowMs >= probedAtMs && nowMs < probedAtMs + this.#policy.probeMs;
  }

  /** Only probes begin after it opened. Those that were overdue count too when they end: they are the newest that we know. */
  #isProbe(startedAtMs: number): boolean {
    return this.#state === "half_open" && startedAtMs > this.#openedAtMs;
  }

  #open(nowMs: number): void {
    const { firstOpenMs, maxOpenMs } = this.#policy;
    const hasRecovered = this.#state === "closed" && nowMs - this.#closedAtMs > this.#openUntilMs - this.#openedAtMs;
    this.#openings = hasRecovered ? 1 : this.#openings + 1;
    const openMs = Math.min(maxOpenMs, firstOpenMs * 2 ** (this.#openings - 1)) * (1 + JITTER * this.#random());
    this.#state = "open";
    this.#openedAtMs = nowMs;
    this.#openUntilMs = Math.ceil(nowMs + openMs);
    this.#forget();
  }

  #forget(): void {
    this.#probedAtMs = undefined;
    this.#consecutive = 0;
    this.#attempts = this.#failures = this.#attemptsBefore = this.#failuresBefore = 0;
  }

  #count(nowMs: number, failures: 0 | 1): void {
    const halfMs = this.#policy.windowMs / 2;
    const passedMs = nowMs - this.#halfBeganAtMs;
    if (passedMs >= halfMs || passedMs < 0) {
      const isNext = passedMs >= 0 && passedMs < 2 * halfMs;
      this.#attemptsBefore = isNext ? this.#attempts : 0;
      this.#failuresBefore = isNext ? this.#failures : 0;
      this.#attempts = this.#failures = 0;
      this.#halfBeganAtMs = isNext ? this.#halfBeganAtMs + halfMs : nowMs;
    }
    this.#attempts++;
    this.#failures += failures;
  }

  #hasFailingWindow(): boolean {
    const attempts = this.#attempts + this.#attemptsBefore;
    if (attempts < this.#policy.leastInWindow) return false;
    return this.#failures + this.#failuresBefore >= this.#policy.failureShare * attempts;
  }
}
