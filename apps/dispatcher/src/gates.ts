import type { Endpoint } from "./endpoint.ts";
import { type Departure, type Entry, Gate, type GateDeps } from "./gate.ts";

/** How often those who wait are looked at for having waited too long; coarse, since the bound is a second. */
const SWEEP_MS = 250;
/**
 * Requests out at a time, over all endpoints: as many sockets. Whoever comes then is put off for a moment, without a place
 * in memory. A hundred endpoints that hang with all that they may have don't reach it.
 */
const MAX_IN_FLIGHT = 8192;
const FULL_MS = 2000;
/** Endpoints whose state is kept while nothing is going on at them; beyond, idle ones are forgotten. */
const MAX_GATES = 20_000;

/**
 * The gates of all endpoints: who may send now, who waits in memory for a moment, and who has to come back later. A slow
 * endpoint so holds a bounded number of deliveries in memory for about a second at most, and no other waits for it.
 */
export interface Gates {
  /** Resolves at once, or after a short wait. Whoever entered must leave. */
  readonly enter: (endpoint: Endpoint, heldSinceMs?: number) => Promise<Entry> | Entry;
  readonly leave: (endpoint: Endpoint, departure: Departure) => void;
  /** How many are inside all gates. */
  readonly inFlight: () => number;
  /** How many wait at all gates. */
  readonly waiting: () => number;
  /** How many endpoints are taken for broken now. */
  readonly closed: () => number;
}

export function createGates(deps: GateDeps): Gates {
  const gates = new Map<string, Gate>();
  let inFlight = 0;
  let waiting = 0;
  let isSweepPlanned = false;

  function findGate(endpoint: Endpoint): Gate {
    const known = gates.get(endpoint.subscriptionId);
    if (known) return known;
    if (gates.size >= MAX_GATES) forgetIdle();
    const gate = new Gate(endpoint, deps);
    gates.set(endpoint.subscriptionId, gate);
    return gate;
  }

  function forgetIdle(): void {
    for (const [id, gate] of gates) if (gate.isIdle) gates.delete(id);
  }

  function planSweep(): void {
    if (isSweepPlanned) return;
    isSweepPlanned = true;
    deps.clock.after(SWEEP_MS, sweep);
  }

  function sweep(): void {
    isSweepPlanned = false;
    for (const gate of gates.values()) {
      gate.turnAway();
      if (gate.isWaitedAt) planSweep();
    }
  }

  return {
    enter: (endpoint, heldSinceMs) => {
      if (inFlight >= MAX_IN_FLIGHT) return { kind: "defer", untilMs: deps.clock.nowMs() + FULL_MS };
      const entry = findGate(endpoint).enter(endpoint, heldSinceMs);
      if (!(entry instanceof Promise)) {
        if (entry.kind === "entered") inFlight += 1;
        return entry;
      }
      planSweep();
      waiting += 1;
      return entry.then((settled) => {
        waiting -= 1;
        if (settled.kind === "entered") inFlight += 1;
        return settled;
      });
    },
    leave: (endpoint, departure) => {
      inFlight -= 1;
      gates.get(endpoint.subscriptionId)?.leave(departure);
    },
    inFlight: () => inFlight,
    waiting: () => waiting,
    closed: () => {
      let closed = 0;
      for (const gate of gates.values()) if (!gate.isOpen) closed += 1;
      return closed;
    },
  };
}
