import { AdaptiveLimit, leastOf } from "./adaptive-limit.ts";
import { Breaker } from "./breaker.ts";
import { assertEndpointLimits, type EndpointLimits } from "./endpoint-limits.ts";
import { type ClampedWait, Holdback } from "./holdback.ts";
import { InFlight } from "./in-flight.ts";
import type { EndpointOutcome } from "./outcome.ts";
import { RefusalShare } from "./refusal-share.ts";
import { ReservationClock } from "./reservation-clock.ts";
import { StartClock } from "./start-clock.ts";

/** What to do with a delivery for an endpoint now. */
export type Admission =
  /** Begin the attempt, with {@link EndpointRoom.start}. */
  | { readonly kind: "send" }
  /** Keep it in memory, with {@link EndpointRoom.enqueue}, behind those that wait already. */
  | { readonly kind: "queue" }
  /** Put it away until its reserved slot, milliseconds since the epoch, and ask again then. */
  | { readonly kind: "defer"; readonly untilMs: number };

/** Longer waits are spent in a delay tier, where they cost no memory and no place in the partition's window. */
export const MAX_QUEUE_WAIT_MS = 1000;
/** A fast endpoint could have more waiting within a second; this bounds the memory that one endpoint can take. */
export const MAX_QUEUED = 4096;
/**
 * While others wait for their slots, who comes without one finds only this much of the queue's time: else an endpoint with
 * more new deliveries than it can take would turn away again and again those that come at their slots.
 */
const NEWCOMERS_QUEUE_WAIT_MS = MAX_QUEUE_WAIT_MS / 2;

const SEND: Admission = { kind: "send" };
const QUEUE: Admission = { kind: "queue" };

/** Where the caller has no chance to give: the middle. */
const NO_CHANCE = (): number => 0.5;

/**
 * The room that one endpoint has in one process. Mutable, because it is asked for each delivery; pure of IO and clock.
 *
 * Invariants, if callers do as {@link admit} says: none starts while as many as the limit are in flight, nor faster than the
 * rate and the pace, nor while the endpoint wants to be left alone or its breaker is open, and one probe at a time after;
 * no queue takes longer than about a second; reserved slots lie ahead, and are spread over the time in which the endpoint
 * can take them.
 */
export class EndpointRoom {
  readonly #inFlight = new InFlight();
  readonly #startClock = new StartClock();
  readonly #holdback = new Holdback();
  readonly #reservations = new ReservationClock(MAX_QUEUE_WAIT_MS);
  readonly #limit: AdaptiveLimit;
  readonly #breaker: Breaker;
  readonly #refusals = new RefusalShare();
  #queued = 0;
  /** When as many as the limit were in flight for the last time: what began before went well with all of it in use. */
  #fullAtMs = -Infinity;
  /** Until when nothing starts at an endpoint to which even one at a time is too much. */
  #pacedUntilMs = 0;
  /** When it was last asked, to see that the wall clock was set back. */
  #askedAtMs = 0;

  /**
   * @param random uniform in [0, 1): for the breaker's open times
   * @throws {RangeError} for limits out of bounds
   */
  constructor(limits: EndpointLimits, random: () => number = NO_CHANCE) {
    assertEndpointLimits(limits);
    this.#limit = new AdaptiveLimit(limits.maxInFlight);
    this.#breaker = new Breaker(random);
    this.#startClock.setRate(limits);
  }

  get inFlight(): number {
    return this.#inFlight.count;
  }

  get queued(): number {
    return this.#queued;
  }

  /** How many may be in flight now: from 1 to `maxInFlight`. */
  get limit(): number {
    return this.#limit.current;
  }

  get breakerState(): Breaker["state"] {
    return this.#breaker.state;
  }

  /** Undefined when nothing is in flight. */
  get oldestStartedAtMs(): number | undefined {
    return this.#inFlight.oldestStartedAtMs;
  }

  /**
   * When time alone lets the next attempt start, milliseconds since the epoch, by the rate, the pace, the endpoint's own
   * wish or the breaker: a queue that waits for that needs a timer. May have passed.
   */
  get nextStartAtMs(): number {
    return Math.max(this.#startClock.nextStartAtMs, this.#pacedUntilMs, this.#blockedUntilMs);
  }

  /** For a subscription that changed. What is in flight stays. @throws {RangeError} for limits out of bounds */
  setLimits(limits: EndpointLimits): void {
    assertEndpointLimits(limits);
    this.#limit.setMax(limits.maxInFlight);
    this.#startClock.setRate(limits);
  }

  /**
   * Decides about one more delivery. "defer" has reserved its slot; nothing else has changed yet.
   * @param heldSinceMs when it found no room for the first time, milliseconds since the epoch; absent for a new one
   */
  admit(nowMs: number, heldSinceMs?: number): Admission {
    this.#ask(nowMs);
    if (this.#queued === 0 && this.#isFree(nowMs)) return SEND;
    const isOvertaking = heldSinceMs === undefined && this.#reservations.isAhead(nowMs);
    const longestMs = isOvertaking ? NEWCOMERS_QUEUE_WAIT_MS : MAX_QUEUE_WAIT_MS;
    if (this.#queued < MAX_QUEUED && this.#expectWaitMs(nowMs) <= longestMs) return QUEUE;
    return { kind: "defer", untilMs: this.reserve(nowMs, heldSinceMs) };
  }

  /** An attempt began that {@link admit} said to send. */
  start(nowMs: number): void {
    this.#inFlight.start(nowMs);
    this.#startClock.start(nowMs);
    this.#breaker.start(nowMs);
    if (this.#inFlight.count < this.#limit.current) return;
    this.#fullAtMs = nowMs;
    this.#pace(nowMs);
  }

  /** A delivery waits that {@link admit} said to queue. */
  enqueue(): void {
    this.#queued++;
  }

  /** Whether the first in the queue may begin: ask after each finish, and at {@link nextStartAtMs}. */
  canStartQueued(nowMs: number): boolean {
    this.#ask(nowMs);
    return this.#queued > 0 && this.#isFree(nowMs);
  }

  /** The first in the queue began. */
  startQueued(nowMs: number): void {
    this.leaveQueue();
    this.start(nowMs);
  }

  /** One in the queue won't be sent from it. */
  leaveQueue(): void {
    this.#queued = Math.max(0, this.#queued - 1);
  }

  /**
   * The endpoint asked to be left alone for `askedMs` from now. Others go nowhere meanwhile; it says nothing else.
   */
  holdBack(nowMs: number, askedMs: number): ClampedWait {
    return this.#holdback.push(nowMs, askedMs);
  }

  /** An attempt that took `latencyMs` ended so. */
  finish(nowMs: number, latencyMs: number, outcome: EndpointOutcome = "ok"): void {
    const startedAtMs = nowMs - latencyMs;
    this.#inFlight.end(nowMs, latencyMs);
    switch (outcome) {
      case "ok":
        this.#inFlight.learn(nowMs, latencyMs);
        if (this.#refusals.noteTaken()) this.#limit.restart();
        if (this.#breaker.succeed(nowMs, startedAtMs)) this.#limit.restart();
        else if (startedAtMs <= this.#fullAtMs && this.#isWorkWaiting(nowMs)) this.#limit.increase();
        return;
      case "failed":
        this.#inFlight.learn(nowMs, latencyMs);
        this.#breaker.fail(nowMs, startedAtMs);
        return;
      case "overloaded":
        this.#inFlight.learn(nowMs, latencyMs);
        this.#refusals.noteRefused();
        this.#limit.decrease(nowMs, startedAtMs, this.#refusals.isHigh ? leastOf(this.#inFlight.latencyMs) : 1);
        this.#pace(startedAtMs);
        // It is there, and gets less and less: it needs no breaker.
        this.#breaker.release(startedAtMs);
        return;
      case "unreachable":
        // A connection that is refused at once does not show an endpoint that answers fast.
        this.#inFlight.learn(nowMs, Math.max(latencyMs, this.#inFlight.latencyMs));
        this.#limit.decrease(nowMs, startedAtMs, 1);
        this.#breaker.fail(nowMs, startedAtMs);
        return;
      case "unsent":
        this.#breaker.release(startedAtMs);
    }
  }

  /**
   * The slot of one that waited too long in the queue, after it left: milliseconds since the epoch.
   * @param heldSinceMs as for {@link admit}
   */
  reserve(nowMs: number, heldSinceMs = nowMs): number {
    const latencyMs = this.#inFlight.latencyMs + this.#inFlight.overdueMs(nowMs);
    const intervalMs = Math.max(
      this.#startClock.intervalMs,
      this.#limit.intervalMs(latencyMs) / this.#holdback.openShare(nowMs),
    );
    const blockedUntilMs = this.#blockedUntilMs;
    return this.#reservations.reserve(nowMs, { blockedUntilMs, intervalMs, waitedMs: nowMs - heldSinceMs });
  }

  /** A wall clock that was set back by an hour must not hold an endpoint for an hour: what is ahead goes back with it. */
  #ask(nowMs: number): void {
    const passedMs = nowMs - this.#askedAtMs;
    this.#askedAtMs = nowMs;
    if (passedMs >= 0) return;
    this.#startClock.shift(passedMs);
    this.#holdback.shift(passedMs);
    this.#pacedUntilMs += passedMs;
  }

  #pace(startedAtMs: number): void {
    const paceMs = this.#limit.paceMs(this.#inFlight.latencyMs);
    if (paceMs > 0) this.#pacedUntilMs = Math.ceil(startedAtMs + paceMs);
  }

  get #blockedUntilMs(): number {
    return Math.max(this.#holdback.untilMs, this.#breaker.openUntilMs);
  }

  #isWorkWaiting(nowMs: number): boolean {
    return this.#queued > 0 || this.#reservations.isAhead(nowMs);
  }

  #isFree(nowMs: number): boolean {
    return (
      this.#inFlight.count < this.#limit.current &&
      this.#startClock.nextStartAtMs <= nowMs &&
      this.#pacedUntilMs <= nowMs &&
      this.#holdback.untilMs <= nowMs &&
      this.#breaker.canStart(nowMs)
    );
  }

  /**
   * How long one more would stand in the queue: for those in front of it, or for the rate or a block, whichever takes
   * longer; for ever behind a probe, whose end nobody knows. That those in flight are overdue counts once, and not for
   * each in the queue: it may be over at the next moment.
   */
  #expectWaitMs(nowMs: number): number {
    if (this.#breaker.state === "half_open") return Infinity;
    const forThoseInFrontMs = (this.#queued + 1) * this.#limit.intervalMs(this.#inFlight.latencyMs);
    const forRoomMs = this.#inFlight.overdueMs(nowMs) + forThoseInFrontMs;
    const forTimeMs = this.nextStartAtMs - nowMs + this.#queued * this.#startClock.intervalMs;
    return Math.max(forRoomMs, forTimeMs);
  }
}
