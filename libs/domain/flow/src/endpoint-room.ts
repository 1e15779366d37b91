import { assertEndpointLimits, type EndpointLimits } from "./endpoint-limits.ts";
import { InFlight } from "./in-flight.ts";
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
/** A slot further away would trust the measured capacity too long; whoever gets this one asks again then. */
export const MAX_RESERVATION_MS = 60 * 60 * 1000;

const SEND: Admission = { kind: "send" };
const QUEUE: Admission = { kind: "queue" };

/**
 * The room that one endpoint has in one process. Mutable, because it is asked for each delivery; pure of IO and clock.
 *
 * Invariants, if callers do as {@link admit} says: never more than `maxInFlight` in flight, never more starts than the
 * rate allows, never a queue that takes longer than about a second, reserved slots always ahead, ascending, and spread
 * over the time in which the endpoint can take them.
 */
export class EndpointRoom {
  readonly #inFlight = new InFlight();
  readonly #startClock = new StartClock();
  #limits: EndpointLimits;
  #queued = 0;
  /** The reservation clock: the last slot that was given away. A fraction of a millisecond, for high rates. */
  #slotAtMs = 0;

  /** @throws {RangeError} for limits out of bounds */
  constructor(limits: EndpointLimits) {
    assertEndpointLimits(limits);
    this.#limits = limits;
    this.#startClock.setRate(limits.ratePerSecond);
  }

  get inFlight(): number {
    return this.#inFlight.count;
  }

  get queued(): number {
    return this.#queued;
  }

  /** Undefined when nothing is in flight. */
  get oldestStartedAtMs(): number | undefined {
    return this.#inFlight.oldestStartedAtMs;
  }

  /** When the rate lets the next attempt start, milliseconds since the epoch: a queue that waits for that needs a timer. */
  get nextStartAtMs(): number {
    return this.#startClock.nextStartAtMs;
  }

  /** For a subscription that changed. What is in flight stays. @throws {RangeError} for limits out of bounds */
  setLimits(limits: EndpointLimits): void {
    assertEndpointLimits(limits);
    this.#limits = limits;
    this.#startClock.setRate(limits.ratePerSecond);
  }

  /** Decides about one more delivery. "defer" has reserved its slot; nothing else has changed yet. */
  admit(nowMs: number): Admission {
    if (this.#queued === 0 && this.#isFree(nowMs)) return SEND;
    if (this.#queued < MAX_QUEUED && this.#expectWaitMs(nowMs) <= MAX_QUEUE_WAIT_MS) return QUEUE;
    return { kind: "defer", untilMs: this.reserve(nowMs) };
  }

  /** An attempt began that {@link admit} said to send. */
  start(nowMs: number): void {
    this.#inFlight.start(nowMs);
    this.#startClock.start(nowMs);
  }

  /** A delivery waits that {@link admit} said to queue. */
  enqueue(): void {
    this.#queued++;
  }

  /** Whether the first in the queue may begin: ask after each finish, and at {@link nextStartAtMs}. */
  canStartQueued(nowMs: number): boolean {
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

  /** An attempt that took `latencyMs` ended, however. */
  finish(nowMs: number, latencyMs: number): void {
    this.#inFlight.finish(nowMs, latencyMs);
  }

  /** The slot of one that waited too long in the queue, after it left: milliseconds since the epoch. */
  reserve(nowMs: number): number {
    const latencyMs = this.#inFlight.latencyMs + this.#inFlight.overdueMs(nowMs);
    const intervalMs = Math.max(this.#startClock.intervalMs, latencyMs / this.#limits.maxInFlight);
    const slotAtMs = Math.max(nowMs + MAX_QUEUE_WAIT_MS, this.#slotAtMs) + intervalMs;
    this.#slotAtMs = Math.min(slotAtMs, nowMs + MAX_RESERVATION_MS);
    return Math.ceil(this.#slotAtMs);
  }

  #isFree(nowMs: number): boolean {
    return this.#inFlight.count < this.#limits.maxInFlight && this.#startClock.nextStartAtMs <= nowMs;
  }

  /**
   * How long one more would stand in the queue: for those in front of it, or for the rate, whichever takes longer. That
   * those in flight are overdue counts once, and not for each in the queue: it may be over at the next moment.
   */
  #expectWaitMs(nowMs: number): number {
    const forThoseInFrontMs = ((this.#queued + 1) * this.#inFlight.latencyMs) / this.#limits.maxInFlight;
    const forRoomMs = this.#inFlight.overdueMs(nowMs) + forThoseInFrontMs;
    const forRateMs = this.#startClock.nextStartAtMs - nowMs + this.#queued * this.#startClock.intervalMs;
    return Math.max(forRoomMs, forRateMs);
  }
}
