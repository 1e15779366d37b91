import type { RecordedAttempt } from "@postrider/records";
import { Counter, Gauge, Histogram, type Registry } from "prom-client";

/** What the dispatcher counts. */
export interface DispatcherMetrics {
  readonly attempted: (attempt: RecordedAttempt) => void;
  readonly deferred: (reason: "paused" | "no_room" | "lookup" | "rate") => void;
  /** A delivery found no room until it was too old. */
  readonly expired: () => void;
  /** An event was read again within the time in which publishing an id twice delivers once. */
  readonly repeated: () => void;
  readonly quarantined: () => void;
  /** A deferred delivery whose subscription is gone was dropped. */
  readonly cancelled: () => void;
  /** The log or the store refused a record for good: it was replaced by a cut one or a dead letter, or is lost. */
  readonly refused: (record: RefusedRecord, fate: "cut" | "dead_letter" | "lost") => void;
  /** Partitions may be about to move between dispatchers. */
  readonly rebalancing: () => void;
  /** This dispatcher has so many partitions of the events now. */
  readonly assigned: (partitions: number) => void;
}

type RefusedRecord = "attempt" | "deferred" | "dead_letter" | "quarantined";

export interface MetricSources {
  readonly registry: Registry;
  /** Requests out now. */
  readonly inFlight: () => number;
  /** Endpoints that are taken for broken now. */
  readonly closed: () => number;
}

/** From 5 ms to a day: a delivery may come at once, or after its last retry. */
const DELAY_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 15, 60, 300, 1800, 7200, 36000, 86400];

export function createDispatcherMetrics({ registry, inFlight, closed }: MetricSources): DispatcherMetrics {
  const registers = [registry];
  const delay = new Histogram({
    name: "postrider_notification_delay_seconds",
    help: "From the event (origin=event, t_r - t_e) or from its acceptance (origin=acceptance) to the acknowledged receipt.",
    labelNames: ["origin"],
    buckets: DELAY_BUCKETS,
    registers,
  });
  const fromEvent = delay.labels({ origin: "event" });
  const fromAcceptance = delay.labels({ origin: "acceptance" });
  const countAttempt = createAttemptCounter(registry);
  const deliveries = new Counter({
    name: "postrider_deliveries_total",
    help: "Deliveries that ended: delivered, or dead by reason. The success rate R is delivered over all.",
    labelNames: ["outcome"],
    registers,
  });
  const delivered = deliveries.labels({ outcome: "delivered" });
  const retries = new Counter({
    name: "postrider_retries_total",
    help: "Attempts that will be made again.",
    registers,
  });
  addGauges({ registry, inFlight, closed });
  return {
    attempted: (attempt) => {
      countAttempt(attempt);
      const { verdict, startedAtMs, durationUs } = attempt;
      if (verdict.kind === "retry") retries.inc();
      if (verdict.kind === "dead") deliveries.inc({ outcome: verdict.reason });
      if (verdict.kind !== "delivered") return;
      const receivedAtMs = startedAtMs + durationUs / 1000;
      delivered.inc();
      fromEvent.observe(Math.max(0, receivedAtMs - attempt.eventTimeMs) / 1000);
      fromAcceptance.observe(Math.max(0, receivedAtMs - attempt.acceptedAtMs) / 1000);
    },
    expired: () => {
      deliveries.inc({ outcome: "expired" });
    },
    ...createFateCounters(registry),
    refused: createRefusalCounter(registry, deliveries),
    ...createPartitionMetrics(registry),
  };
}

/** Labels are bound once for each result that is seen: there are few, and an attempt is counted thousands of times a second. */
function createAttemptCounter(registry: Registry): (attempt: RecordedAttempt) => void {
  const attempts = new Counter({
    name: "postrider_attempts_total",
    help: "HTTP requests to receivers by result: a status class, or why there was no answer.",
    labelNames: ["result"],
    registers: [registry],
  });
  const bound = new Map<string, Counter.Internal>();
  return (attempt) => {
    const result = resultLabel(attempt);
    let counter = bound.get(result);
    if (!counter) bound.set(result, (counter = attempts.labels({ result })));
    counter.inc();
  };
}

function createRefusalCounter(registry: Registry, deliveries: Counter<"outcome">): DispatcherMetrics["refused"] {
  const refused = new Counter({
    name: "postrider_refused_records_total",
    help: "Records that the log or the store refused for good, by what became of them: cut, a dead letter, or lost. Look at the log for their ids.",
    labelNames: ["record", "fate"],
    registers: [registry],
  });
  return (record, fate) => {
    refused.inc({ record, fate });
    if (fate === "dead_letter") deliveries.inc({ outcome: "undeferrable" });
  };
}

function createPartitionMetrics(registry: Registry): Pick<DispatcherMetrics, "rebalancing" | "assigned"> {
  const registers = [registry];
  const rebalances = new Counter({
    name: "postrider_rebalances_total",
    help: "Times that partitions of the events were, or may have been, about to move between dispatchers.",
    registers,
  });
  const assigned = new Gauge({
    name: "postrider_assigned_partitions",
    help: "Partitions of the events that this dispatcher reads now.",
    registers,
  });
  return {
    rebalancing: () => {
      rebalances.inc();
    },
    assigned: (partitions) => {
      assigned.set(partitions);
    },
  };
}

type FateCounters = Pick<DispatcherMetrics, "deferred" | "repeated" | "quarantined" | "cancelled">;

function createFateCounters(registry: Registry): FateCounters {
  const registers = [registry];
  const deferred = new Counter({
    name: "postrider_deferred_total",
    help: "Deliveries put off without an attempt: their subscription is paused, their endpoint has no room, nobody can tell now who wants the event, or another dispatcher keeps the subscription's rate.",
    labelNames: ["reason"],
    registers,
  });
  const repeated = new Counter({
    name: "postrider_repeated_events_total",
    help: "Events published again under an id of the last ten minutes, and not delivered again.",
    registers,
  });
  const quarantined = new Counter({
    name: "postrider_quarantined_total",
    help: "Records of the events topic that are no events, and deferred tasks that are no deliveries. Look at the quarantine topic for the reasons.",
    registers,
  });
  const cancelled = new Counter({
    name: "postrider_cancelled_total",
    help: "Deferred deliveries that were dropped because their subscription was deleted or disabled, or wants other events now.",
    registers,
  });
  return {
    deferred: (reason) => {
      deferred.inc({ reason });
    },
    repeated: () => {
      repeated.inc();
    },
    quarantined: () => {
      quarantined.inc();
    },
    cancelled: () => {
      cancelled.inc();
    },
  };
}

function addGauges({ registry, inFlight, closed }: MetricSources): void {
  const add = (name: string, help: string, read: () => number): void => {
    new Gauge({
      ...{ name, help, registers: [registry] },
      collect() {
        this.set(read());
      },
    });
  };
  add("postrider_in_flight_requests", "Requests to receivers that are out now.", inFlight);
  add("postrider_broken_endpoints", "Endpoints that only failed lately: nothing but a probe is sent to them.", closed);
}

function resultLabel({ result }: RecordedAttempt): string {
  switch (result.kind) {
    case "responded":
      return result.status >= 200 && result.status < 300 && !result.isAcknowledged
        ? "not_acknowledged"
        : `${Math.floor(result.status / 100)}xx`;
    case "unreachable":
    case "refused":
      return result.reason;
  }
}
