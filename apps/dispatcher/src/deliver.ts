import { type AttemptResult, findPolicy } from "@postrider/domain-delivery";
import type { Clock } from "@postrider/kit-lifecycle";
import type { Logger } from "@postrider/kit-telemetry";
import { deliveryIdOf, encodeDeferredDelivery, type RecordedAttempt } from "@postrider/records";
import type { Delivery } from "./delivery.ts";
import type { DispatcherMetrics } from "./dispatcher-metrics.ts";
import type { Endpoint } from "./endpoint.ts";
import type { Departure } from "./gate.ts";
import type { Gates } from "./gates.ts";
import type { Recorder } from "./recorder.ts";

/**
 * A held delivery looks again after half the time that it has waited, within these bounds: a short pause ends soon after
 * the resume, and a long one costs few copies.
 */
const HOLD_MS = { shortest: 2000, longest: 60_000 };

export interface DeliverDeps {
  readonly makeAttempt: (delivery: Delivery) => Promise<RecordedAttempt>;
  readonly gates: Gates;
  readonly recorder: Recorder;
  /** The endpoint said that it is gone for good: its subscription is to be disabled. */
  readonly disableGone: (endpoint: Endpoint) => void;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: DispatcherMetrics;
  /** Several processes share the partitions: none of them has all events of a subscription. */
  readonly isShared: boolean;
}

/**
 * Takes a delivery one step further; resolves when the step is durable: delivered, dead, or deferred to a later time.
 * Rejects only when the process is ending; then the delivery is found again after the restart.
 */
export async function deliver(delivery: Delivery, deps: DeliverDeps): Promise<void> {
  const { endpoint } = delivery;
  if (endpoint.isPaused) {
    await hold(delivery, deps);
    return;
  }
  if (deps.isShared && delivery.isOwned !== true && endpoint.limits.ratePerSecond !== undefined) {
    await passToOwner(delivery, deps);
    return;
  }
  const entry = deps.gates.enter(endpoint, delivery.heldSinceMs);
  const admission = entry instanceof Promise ? await entry : entry;
  if (admission.kind === "defer") {
    await putOff(delivery, admission.untilMs, deps);
    return;
  }
  const attempt = await attemptInside(delivery, deps);
  deps.metrics.attempted(attempt);
  if (attempt.verdict.kind === "delivered") {
    await deps.recorder.recordAttempt(attempt);
    return;
  }
  logFailure(attempt, deps.logger);
  await Promise.all([deps.recorder.recordAttempt(attempt), actOnFailure(delivery, attempt, deps)]);
}

/** Leaves the gate whatever comes of it, and tells it what that says about the endpoint. */
async function attemptInside(delivery: Delivery, { makeAttempt, gates, clock }: DeliverDeps): Promise<RecordedAttempt> {
  const startedUs = clock.monotonicUs();
  let departure: Omit<Departure, "latencyMs"> = { outcome: "unsent" };
  try {
    const attempt = await makeAttempt(delivery);
    departure = departureOf(attempt.result);
    return attempt;
  } finally {
    gates.leave(delivery.endpoint, { ...departure, latencyMs: (clock.monotonicUs() - startedUs) / 1000 });
  }
}

function departureOf(result: AttemptResult): Omit<Departure, "latencyMs"> {
  const { endpoint: outcome, holdsBack } = findPolicy(result);
  if (!holdsBack || result.kind !== "responded" || result.retryAfterMs === undefined) return { outcome };
  return { outcome, holdBackMs: result.retryAfterMs };
}

/** What follows a failed attempt, by the verdict alone. */
async function actOnFailure(
  delivery: Delivery,
  { verdict, number, result }: RecordedAttempt,
  deps: DeliverDeps,
): Promise<void> {
  const { event, endpoint } = delivery;
  const { subscriptionId } = endpoint;
  switch (verdict.kind) {
    case "delivered":
      return;
    case "retry":
      await deps.recorder.defer({
        key: subscriptionId,
        value: encodeDeferredDelivery({ event, subscriptionId, nextAttempt: number + 1 }),
        dueAtMs: verdict.atMs,
      });
      return;
    case "dead": {
      const deliveryId = deliveryIdOf(event.id, subscriptionId);
      const { reason } = verdict;
      if (findPolicy(result).disables) deps.disableGone(endpoint);
      const diedAtMs = deps.clock.nowMs();
      await deps.recorder.recordDeadLetter({ event, subscriptionId, deliveryId, attempts: number, reason, diedAtMs });
    }
  }
}

/** The subscription is paused: the delivery waits, durably, and looks again from time to time. */
async function hold(delivery: Delivery, deps: DeliverDeps): Promise<void> {
  const nowMs = deps.clock.nowMs();
  const waitedMs = nowMs - (delivery.heldSinceMs ?? nowMs);
  const delayMs = Math.min(Math.max(waitedMs / 2, HOLD_MS.shortest), HOLD_MS.longest);
  await defer(delivery, nowMs + delayMs, deps);
}

/**
 * A rate holds for the subscription as a whole, and only one process can keep it: the one that gets what is deferred
 * under the subscription's key. So the delivery is deferred until now.
 */
async function passToOwner({ event, endpoint, attempt }: Delivery, deps: DeliverDeps): Promise<void> {
  const { subscriptionId } = endpoint;
  deps.metrics.deferred("rate");
  const value = encodeDeferredDelivery({ event, subscriptionId, nextAttempt: attempt });
  await deps.recorder.defer({ key: subscriptionId, value, dueAtMs: deps.clock.nowMs() });
}

/**
 * There is no room for it now. Where nothing is sent for long, nobody else looks at its age: at its end it asks for the last
 * time.
 */
async function putOff(delivery: Delivery, dueAtMs: number, deps: DeliverDeps): Promise<void> {
  const { event, endpoint, attempt } = delivery;
  const { subscriptionId, retryPolicy } = endpoint;
  const expiresAtMs = event.acceptedAtMs + (retryPolicy.maxAgeMs ?? Infinity);
  if (deps.clock.nowMs() < expiresAtMs) {
    await defer(delivery, Math.min(dueAtMs, expiresAtMs), deps);
    return;
  }
  const letter = { event, subscriptionId, deliveryId: deliveryIdOf(event.id, subscriptionId), attempts: attempt - 1 };
  deps.metrics.expired();
  await deps.recorder.recordDeadLetter({ ...letter, reason: "expired", diedAtMs: deps.clock.nowMs() });
}

/** Puts the delivery off without an attempt: its number stays. */
async function defer(delivery: Delivery, dueAtMs: number, { recorder, clock, metrics }: DeliverDeps): Promise<void> {
  const { event, endpoint, attempt } = delivery;
  const heldSinceMs = delivery.heldSinceMs ?? clock.nowMs();
  const value = encodeDeferredDelivery({
    event,
    subscriptionId: endpoint.subscriptionId,
    nextAttempt: attempt,
    heldSinceMs: Math.round(heldSinceMs),
  });
  metrics.deferred(endpoint.isPaused ? "paused" : "no_room");
  await recorder.defer({ key: endpoint.subscriptionId, value, dueAtMs: Math.ceil(dueAtMs) });
}

/** One wide line per failed attempt: everything that an operator asks first, without the tenant's data. */
function logFailure(attempt: RecordedAttempt, logger: Logger): void {
  const deliveryId = deliveryIdOf(attempt.eventId, attempt.subscriptionId);
  logger.info({ deliveryId, ...attempt, bodyStart: undefined }, "attempt failed");
}
