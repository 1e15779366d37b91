import type { Sent } from "../network/simulated-network.ts";
import type { Machine } from "../time/machine.ts";
import type { SubscriptionPlan } from "./plan.ts";

/** Attempts at the same time where the subscription sets no limit: as decode-endpoint.ts of the dispatcher says. */
const DEFAULT_MAX_IN_FLIGHT = 64;
/** How far ahead of its time an attempt may start: what the flow control promises, and what a clock in whole milliseconds hides. */
const RATE_TOLERANCE_MS = 30 + 2;

interface Watched {
  inFlight: number;
  /** When the next start is due if all keep the exact rate; the world's time. */
  dueAtMs: number;
}

/** Watches that each dispatcher keeps the limits of each endpoint, start by start. */
export class LimitWatch {
  readonly #plans: ReadonlyMap<string, SubscriptionPlan>;
  readonly #byMachine = new Map<Machine, Map<string, Watched>>();

  constructor(plans: readonly SubscriptionPlan[]) {
    this.#plans = new Map(plans.map((plan) => [plan.id, plan]));
  }

  /** What is wrong with this start, if anything is. */
  start({ machine, subscriptionId, atMs }: Sent): string | undefined {
    const plan = this.#plans.get(subscriptionId);
    if (plan === undefined) return "a request to nobody";
    const watched = this.#find(machine, subscriptionId);
    watched.inFlight += 1;
    const { maxInFlight = DEFAULT_MAX_IN_FLIGHT, ratePerSecond } = plan;
    if (watched.inFlight > maxInFlight) return `${watched.inFlight} in flight; the limit is ${maxInFlight}`;
    if (ratePerSecond === undefined) return undefined;
    const earlyMs = watched.dueAtMs - atMs;
    watched.dueAtMs = Math.max(atMs, watched.dueAtMs) + 1000 / ratePerSecond;
    return earlyMs > RATE_TOLERANCE_MS
      ? `${earlyMs.toFixed(1)} ms too soon for a rate of ${ratePerSecond} a second`
      : undefined;
  }

  end({ machine, subscriptionId }: Sent): void {
    this.#find(machine, subscriptionId).inFlight -= 1;
  }

  /** In flight on that machine; all endpoints together. */
  countInFlight(machine: Machine): number {
    return [...(this.#byMachine.get(machine)?.values() ?? [])].reduce((sum, { inFlight }) => sum + inFlight, 0);
  }

  /** Its wall clock was stepped: the rate is kept by that clock, so the next start may come at once. */
  noteClockStep(machine: Machine): void {
    for (const watched of this.#byMachine.get(machine)?.values() ?? []) watched.dueAtMs = -Infinity;
  }

  #find(machine: Machine, subscriptionId: string): Watched {
    const ofMachine = this.#byMachine.get(machine) ?? new Map<string, Watched>();
    this.#byMachine.set(machine, ofMachine);
    const watched = ofMachine.get(subscriptionId) ?? { inFlight: 0, dueAtMs: -Infinity };
    ofMachine.set(subscriptionId, watched);
    return watched;
  }
}
