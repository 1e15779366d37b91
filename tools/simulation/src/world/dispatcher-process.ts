import { createDispatcher, type DispatcherDeps } from "@postrider/dispatcher";
import { openKafkaDeferred } from "@postrider/kit-deferred";
import { openKafkaEventLog } from "@postrider/kit-event-log";
import { createLogger } from "@postrider/kit-telemetry";
import { Registry } from "prom-client";
import type { SimulatedKafka } from "../log/simulated-cluster.ts";
import type { Machine } from "../time/machine.ts";

const GRACE_MS = 10_000;

/** Seldom enough that a process lives for several of them, as a rule. */
const HEALTH_REPORT_MS = 600_000;

const silentLogger = createLogger({ service: "simulation", level: "silent" });

/** Puts a fault into a dispatcher, between it and what it is given: to see whether the checks find it. */
export type Plant = (deps: DispatcherDeps) => DispatcherDeps;

const doNothing: Plant = (deps) => deps;

export interface DispatcherProcessOptions extends Pick<DispatcherDeps, "subscriptions" | "egress" | "random"> {
  readonly machine: Machine;
  readonly kafka: SimulatedKafka;
  readonly commitMs: number;
  readonly plant?: Plant | undefined;
  /** It ended; with what it failed with, if it did. Not called for a machine that was killed. */
  readonly onEnded: (error?: Error) => void;
}

/** A dispatcher, as serve-dispatcher.ts makes one, in a process of the world. */
export interface DispatcherProcess {
  readonly machine: Machine;
  readonly kafka: SimulatedKafka;
  /** Requests that it says are out. */
  readonly countInFlight: () => Promise<number>;
  /** As a SIGTERM: it ends what it has begun, and leaves. */
  readonly stop: () => void;
}

export function startDispatcherProcess(options: DispatcherProcessOptions): DispatcherProcess {
  const { machine, kafka, subscriptions, egress, random, commitMs, plant = doNothing } = options;
  const registry = new Registry();
  const { clock } = machine;
  const stopping = new AbortController();
  const deps: DispatcherDeps = {
    log: openKafkaEventLog({ kafka }),
    deferred: openKafkaDeferred({ kafka, clock }),
    ...{ subscriptions, egress, clock, random },
    process: {
      ...{ registry, logger: silentLogger, version: "0.0.0", graceMs: GRACE_MS, commitMs },
      ...{ healthReportMs: HEALTH_REPORT_MS, isShared: true },
    },
  };
  createDispatcher(plant(deps))
    .run(stopping.signal)
    .then(async () => kafka.close())
    .then(
      () => {
        options.onEnded(stopping.signal.aborted ? undefined : new Error("it ended by itself"));
      },
      (error: unknown) => {
        options.onEnded(error instanceof Error ? error : new Error("it ended", { cause: error }));
      },
    );
  return {
    machine,
    kafka,
    countInFlight: async () => {
      const metric = await registry.getSingleMetric("postrider_in_flight_requests")?.get();
      return metric?.values[0]?.value ?? 0;
    },
    stop: () => {
      stopping.abort();
    },
  };
}
