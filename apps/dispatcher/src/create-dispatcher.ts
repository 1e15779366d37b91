import type { Deferred } from "@postrider/kit-deferred";
import type { Egress } from "@postrider/kit-egress";
import type { EventLog } from "@postrider/kit-event-log";
import { type Clock, type Random, type Service, untilAborted } from "@postrider/kit-lifecycle";
import type { Logger } from "@postrider/kit-telemetry";
import { observeCache } from "@postrider/kit-watched-cache";
import { TOPICS } from "@postrider/records";
import type { Registry } from "prom-client";
import { deliver } from "./deliver.ts";
import type { Delivery } from "./delivery.ts";
import { createDisableGone } from "./disable-gone.ts";
import { createDirectory, type Directory } from "./directory.ts";
import { dispatchDeferred } from "./dispatch-deferred.ts";
import { createDispatcherMetrics } from "./dispatcher-metrics.ts";
import { createEndpointHealth } from "./endpoint-health.ts";
import { runEventDispatch } from "./event-dispatch.ts";
import { createGates } from "./gates.ts";
import { observeEndpointHealth } from "./observe-endpoint-health.ts";
import { makeAttempt } from "./make-attempt.ts";
import { createTraceparents } from "./request/traceparent.ts";
import { createRecorder } from "./recorder.ts";
import type { Subscriptions } from "./subscriptions.ts";

/** Deferred deliveries that are taken up at a time; they share the endpoints' gates with the new ones. */
const MAX_DEFERRED_IN_FLIGHT = 1024;
/**
 * Attempts wait this long for others: an append costs hundreds of microseconds, here and in the broker. Nobody waits for
 * the record of an attempt but the position: a crash, or partitions that move, repeat what ended within this time.
 */
const ATTEMPTS_LINGER_MS = 20;

export interface DispatcherDeps {
  readonly log: EventLog;
  readonly deferred: Deferred;
  readonly subscriptions: Subscriptions;
  readonly egress: Pick<Egress, "send">;
  readonly clock: Clock;
  readonly random: Random;
  readonly process: ProcessDeps;
}

/** What the process around the dispatcher gives it. */
export interface ProcessDeps {
  readonly registry: Registry;
  readonly logger: Logger;
  /** Stands in the user agent. */
  readonly version: string;
  /** How long what is out may take to end after the stop; milliseconds. */
  readonly graceMs: number;
  /** How far progress may be ahead of what is committed: what a crash repeats, beside what was in flight; milliseconds. */
  readonly commitMs: number;
  /** How often an endpoint that only fails is reported to the subscription service; milliseconds. */
  readonly healthReportMs: number;
  /** Whether other dispatchers work on the same log. */
  readonly isShared: boolean;
}

export interface Dispatcher extends Service {
  /** What is not ready yet. */
  readonly findUnready: () => readonly string[];
}

/** The dispatcher: reads events and due deliveries, sends them, and records what came of it. */
export function createDispatcher(deps: DispatcherDeps): Dispatcher {
  const { subscriptions, clock, random } = deps;
  const { logger, registry } = deps.process;
  const directory = createDirectory({ subscriptions, clock, logger, random });
  return {
    name: "dispatcher",
    findUnready: observeCache({ what: "subscriptions", state: directory.state, registry }),
    run: async (stop) => runDispatcher({ ...deps, directory }, stop),
  };
}

async function runDispatcher(
  deps: DispatcherDeps & { readonly directory: Directory },
  stop: AbortSignal,
): Promise<void> {
  const { log, deferred, clock, random, directory } = deps;
  const { logger, registry, version, commitMs } = deps.process;
  const signals = createSignals(deps, stop);
  const gates = createGates({ clock, random });
  const metrics = createDispatcherMetrics({ registry, ...gates });
  const recording = { metrics, signal: signals.abandon, fail: signals.fail };
  const recorder = createRecorder({
    ...{ writer: log.writer, deferred, clock, logger, attemptsLingerMs: ATTEMPTS_LINGER_MS },
    ...recording,
  });
  const health = createEndpointHealth({
    ...{ subscriptions: deps.subscriptions, clock, logger, signal: signals.stop },
    reportEveryMs: deps.process.healthReportMs,
  });
  observeEndpointHealth(health, registry);
  const sending = {
    ...{ egress: deps.egress, clock, random, userAgent: `Postrider/${version}` },
    createTraceparent: createTraceparents(random),
  };
  const step = {
    makeAttempt: (delivery: Delivery) => makeAttempt(delivery, sending),
    disableGone: createDisableGone({ subscriptions: deps.subscriptions, clock, logger, signal: signals.stop }),
    ...{ health, gates, recorder, clock, logger, metrics, isShared: deps.process.isShared },
  };
  const dispatching = { deliver: (delivery: Delivery) => deliver(delivery, step), directory, recorder, clock, metrics };

  const reader = log.reader({ topic: TOPICS.events, group: "dispatcher" });
  const onDue = async (task: Parameters<typeof dispatchDeferred>[0]): Promise<void> =>
    dispatchDeferred(task, { ...dispatching, signal: signals.abandon });
  await Promise.all([
    directory.run(signals.stop),
    Promise.race([
      deferred.run({ onDue, maxInFlight: MAX_DEFERRED_IN_FLIGHT }, signals.stop),
      untilAborted(signals.abandon),
    ]),
    runEventDispatch({ ...dispatching, gates, reader, logger, commitMs }, signals),
  ]);
  signals.throwFailure();
}

interface DispatcherSignals {
  readonly stop: AbortSignal;
  /** Aborts `graceMs` after the stop: what has not ended by then is left for the next start. */
  readonly abandon: AbortSignal;
  /** Stops and abandons all at once. */
  readonly fail: (error: Error) => void;
  /** @throws what it failed with, if it did */
  readonly throwFailure: () => void;
}

function createSignals({ clock, process }: DispatcherDeps, stop: AbortSignal): DispatcherSignals {
  const abandoning = new AbortController();
  let failure: Error | undefined;
  stop.addEventListener("abort", () => {
    clock.after(process.graceMs, () => {
      abandoning.abort();
    });
  });
  return {
    stop: AbortSignal.any([stop, abandoning.signal]),
    abandon: abandoning.signal,
    fail: (error) => {
      failure ??= error;
      abandoning.abort(failure);
    },
    throwFailure: () => {
      if (failure) throw failure;
    },
  };
}
