import { type EndpointOutcome, EndpointRoom, MAX_QUEUE_WAIT_MS } from "@postrider/domain-flow";
import type { Clock, Random } from "@postrider/kit-lifecycle";
import type { Endpoint } from "./endpoint.ts";
import { WaitingLine } from "./waiting-line.ts";

/** What a delivery is told at the gate of its endpoint. */
export type Entry = { readonly kind: "entered" } | { readonly kind: "defer"; readonly untilMs: number };

/** What an attempt tells the gate when it leaves. */
export interface Departure {
  /** How long it was inside. */
  readonly latencyMs: number;
  readonly outcome: EndpointOutcome;
  /** The endpoint asked to be left alone for so long; milliseconds. */
  readonly holdBackMs?: number;
}

export interface GateDeps {
  readonly clock: Clock;
  /** Spreads the probes of endpoints that failed together. */
  readonly random: Random;
}

export interface Waiting {
  readonly sinceMs: number;
  /** When it found no room for the first time. */
  readonly heldSinceMs: number;
  readonly settle: (entry: Entry) => void;
}

const ENTERED: Entry = { kind: "entered" };

/**
 * The gate of one endpoint: acts on what its {@link EndpointRoom} decides. Whoever entered must leave; whoever waits is
 * let in as others leave and as the rate allows, or turned away after {@link MAX_QUEUE_WAIT_MS}.
 */
export class Gate {
  readonly #room: EndpointRoom;
  readonly #clock: Clock;
  #limits: Endpoint["limits"];
  readonly #waiting = new WaitingLine<Waiting>();
  #isStartPlanned = false;

  constructor({ limits }: Endpoint, { clock, random }: GateDeps) {
    this.#room = new EndpointRoom(limits, random);
    this.#limits = limits;
    this.#clock = clock;
  }

  /** Nobody is here, and nothing has to be remembered of the endpoint. */
  get isIdle(): boolean {
    if (this.#room.inFlight > 0 || this.#waiting.length > 0 || !this.isOpen) return false;
    return this.#room.nextStartAtMs <= this.#clock.nowMs();
  }

  /** The endpoint is not taken for broken. */
  get isOpen(): boolean {
    return this.#room.breakerState === "closed";
  }

  get isWaitedAt(): boolean {
    return this.#waiting.length > 0;
  }

  /** @param heldSinceMs when it found no room for the first time, milliseconds since the epoch; absent for a new one */
  enter({ limits }: Endpoint, heldSinceMs?: number): Promise<Entry> | Entry {
    if (limits !== this.#limits) this.#takeLimits(limits);
    const nowMs = this.#clock.nowMs();
    const admission = this.#room.admit(nowMs, heldSinceMs);
    switch (admission.kind) {
      case "send":
        this.#room.start(nowMs);
        return ENTERED;
      case "queue":
        return this.#wait(nowMs, heldSinceMs ?? nowMs);
      case "defer":
        return admission;
    }
  }

  leave({ latencyMs, outcome, holdBackMs }: Departure): void {
    const nowMs = this.#clock.nowMs();
    if (holdBackMs !== undefined) this.#room.holdBack(nowMs, holdBackMs);
    this.#room.finish(nowMs, latencyMs, outcome);
    this.#letIn(nowMs);
  }

  /** Defers those who have waited too long. */
  turnAway(): void {
    const nowMs = this.#clock.nowMs();
    for (let first = this.#waiting.first; first; first = this.#waiting.first) {
      if (nowMs - first.sinceMs <= MAX_QUEUE_WAIT_MS) return;
      this.#room.leaveQueue();
      this.#waiting.shift();
      first.settle({ kind: "defer", untilMs: this.#room.reserve(nowMs, first.heldSinceMs) });
    }
  }

  async #wait(sinceMs: number, heldSinceMs: number): Promise<Entry> {
    this.#room.enqueue();
    const entry = new Promise<Entry>((settle) => {
      this.#waiting.push({ sinceMs, heldSinceMs, settle });
    });
    this.#planStart(sinceMs);
    return entry;
  }

  #letIn(nowMs: number): void {
    while (this.#room.canStartQueued(nowMs)) {
      this.#room.startQueued(nowMs);
      this.#waiting.shift()?.settle(ENTERED);
    }
    this.#planStart(nowMs);
  }

  /**
   * Where a rate or a pause holds the first in the queue back, nobody's leaving lets it in: time does. After a longer one
   * nobody of these waits any more.
   */
  #planStart(nowMs: number): void {
    const delayMs = this.#room.nextStartAtMs - nowMs;
    if (this.#isStartPlanned || this.#waiting.length === 0 || delayMs <= 0 || delayMs > MAX_QUEUE_WAIT_MS) return;
    this.#isStartPlanned = true;
    this.#clock.after(delayMs, () => {
      this.#isStartPlanned = false;
      this.#letIn(this.#clock.nowMs());
    });
  }

  #takeLimits(limits: Endpoint["limits"]): void {
    this.#limits = limits;
    this.#room.setLimits(limits);
  }
}
