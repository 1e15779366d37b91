import { type AttemptResult, findPolicy } from "@postrider/domain-delivery";
import type { DeferredTask } from "@postrider/kit-deferred";
import type { Clock } from "@postrider/kit-lifecycle";
import type { Logger } from "@postrider/kit-telemetry";
import {
  type DeadLetter,
  type DeferredDelivery,
  deliveryIdOf,
  encodeDeferredDelivery,
  type RecordedAttempt,
} from "@postrider/records";
import type { Delivery } from "./delivery.ts";
import type { DispatcherMetrics } from "./dispatcher-metrics.ts";
import type { EndpointHealth } from "./endpoint-health.ts";
import type { Endpoint } from "./endpoint.ts";
import type { Departure } from "./gate.ts";
import type { Gates } from "./gates.ts";
import type { MadeAttempt } from "./make-attempt.ts";
import type { Recorder } from "./recorder.ts";

/**
 * A held delivery looks again after half the time that it has waited, within these bounds: a short pause ends soon after
 * the resume, and a long one costs few copies.
 */
const HOLD_MS = { shortest: 2000, longest: 60_000 };

export interface DeliverDeps {
  readonly makeAttempt: (delivery: Delivery) => Promise<MadeAttempt>;
  readonly gates: Gates;
  readonly recorder: Recorder;
  /** The endpoint said that it is gone for good: its subscription is to be disabled. */
  readonly disableGone: (endpoint: Endpoint) => void;
  /** What attempts say of their endpoint over days. */
  readonly health: Pick<EndpointHealth, "failed" | "succeeded">;
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
    deps.health.succeeded(endpoint);
    await deps.recorder.recordAttempt(attempt);
    return;
  }
  const { endpoint: outcome } = findPolicy(attempt.result);
  // What was not sent says nothing about the endpoint.
  if (outcome !== "unsent") deps.health.failed(endpoint, outcome !== "unreachable");
  logFailure(attempt, deps.logger);
  await Promise.all([deps.recorder.recordAttempt(attempt), actOnFailure(delivery, attempt, deps)]);
}

/** Leaves the gate whatever comes of it, and tells it what that says about the endpoint. */
async function attemptInside(delivery: Delivery, { makeAttempt, gates, clock }: DeliverDeps): Promise<MadeAttempt> {
  const startedUs = clock.monotonicUs();
  let result: AttemptResult | undefined;
  try {
    const attempt = await makeAttempt(delivery);
    ({ result } = attempt);
    return attempt;
  } finally {
    gates.leave(delivery.endpoint, departureOf(result, (clock.monotonicUs() - startedUs) / 1000));
  }
}

function departureOf(result: AttemptResult | undefined, latencyMs: number): Departure {
  if (result === undefined) return { latencyMs, outcome: "unsent" };
  const { endpoint: outcome, holdsBack } = findPolicy(result);
  if (!holdsBack || result.kind !== "responded" || result.retryAfterMs === undefined) return { latencyMs, outcome };
  return { latencyMs, outcome, holdBackMs: result.retryAfterMs };
}

/** What follows a failed attempt, by the verdict alone. */
async function actOnFailure(
  delivery: Delivery,
  { verdict, number, result }: RecordedAttempt,
  deps: DeliverDeps,
): Promise<void> {
  switch (verdict.kind) {
    case "delivered":
      return;
    case "retry":
      await wait(delivery, { nextAttempt: number + 1, dueAtMs: verdict.atMs }, deps);
      return;
    case "dead":
      if (findPolicy(result).disables) deps.disableGone(delivery.endpoint);
      await bury(delivery, { attempts: number, reason: verdict.reason }, deps);
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
async function passToOwner(delivery: Delivery, deps: DeliverDeps): Promise<void> {
  deps.metrics.deferred("rate");
  await wait(delivery, { nextAttempt: delivery.attempt, dueAtMs: deps.clock.nowMs() }, deps);
}

/**
 * There is no room for it now. Where nothing is sent for long, nobody else looks at its age: at its end it asks for the last
 * time.
 */
async function putOff(delivery: Delivery, dueAtMs: number, deps: DeliverDeps): Promise<void> {
  const { event, endpoint, attempt } = delivery;
  const expiresAtMs = event.acceptedAtMs + (endpoint.retryPolicy.maxAgeMs ?? Infinity);
  if (deps.clock.nowMs() < expiresAtMs) {
    await defer(delivery, Math.min(dueAtMs, expiresAtMs), deps);
    return;
  }
  deps.metrics.expired();
  await bury(delivery, { attempts: attempt - 1, reason: "expired" }, deps);
}

/** Puts the delivery off without an attempt: its number stays. */
async function defer(delivery: Delivery, dueAtMs: number, deps: DeliverDeps): Promise<void> {
  const heldSinceMs = Math.round(delivery.heldSinceMs ?? deps.clock.nowMs());
  deps.metrics.deferred(delivery.endpoint.isPaused ? "paused" : "no_room");
  await wait(delivery, { nextAttempt: delivery.attempt, heldSinceMs, dueAtMs: Math.ceil(dueAtMs) }, deps);
}

type Waiting = Pick<DeferredDelivery, "nextAttempt" | "heldSinceMs"> & Pick<DeferredTask, "dueAtMs">;

/** Until then it waits durably; the process that owns its subscription then takes it up. */
async function wait(
  { event, endpoint: { subscriptionId } }: Delivery,
  { dueAtMs, ...waiting }: Waiting,
  { recorder }: DeliverDeps,
): Promise<void> {
  const value = encodeDeferredDelivery({ event, subscriptionId, ...waiting });
  await recorder.defer({ key: subscriptionId, value, dueAtMs });
}

/** It is dead, and kept whole. */
async function bury(
  { event, endpoint: { subscriptionId } }: Delivery,
  fate: Pick<DeadLetter, "attempts" | "reason">,
  { recorder, clock }: DeliverDeps,
): Promise<void> {
  const deliveryId = deliveryIdOf(event.id, subscriptionId);
  await recorder.recordDeadLetter({ event, subscriptionId, deliveryId, ...fate, diedAtMs: clock.nowMs() });
}

/** One wide line per failed attempt: everything that an operator asks first, without the tenant's data. */
function logFailure(attempt: MadeAttempt, logger: Logger): void {
  const deliveryId = deliveryIdOf(attempt.eventId, attempt.subscriptionId);
  logger.info({ deliveryId, ...attempt, bodyStart: undefined }, "attempt failed");
}
