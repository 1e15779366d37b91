import { Counter, Gauge, type Registry } from "prom-client";

/** What the outbox counts. */
export interface OutboxMetrics {
  /** This instance begins to publish what was stored then, milliseconds since the epoch. */
  readonly pending: (storedAtMs: number) => void;
  /** It is accepted, or was published by another instance. */
  readonly done: (fate: "published" | "already_published") => void;
  /** Ingest refused it for good, with that code of gRPC's. */
  readonly refused: (code: string) => void;
}

export interface OutboxMetricsOptions {
  readonly registry: Registry;
  readonly nowMs: () => number;
}

export function createOutboxMetrics({ registry, nowMs }: OutboxMetricsOptions): OutboxMetrics {
  const registers = [registry];
  let pendingSinceMs: number | undefined;
  const published = new Counter({
    name: "postrider_operational_events_published_total",
    help: "Events that tell tenants of their subscriptions and that ingest accepted.",
    registers,
  });
  const refused = new Counter({
    name: "postrider_operational_events_refused_total",
    help: "Events for tenants that ingest refused for good, by gRPC's code; they are passed over, and their tenants are not told. The log has their ids and why. Permission_denied: let the subscription service publish; any other: tell Postrider's developers.",
    labelNames: ["code"],
    registers,
  });
  new Gauge({
    name: "postrider_operational_events_lag_seconds",
    help: "For how long the next event for a tenant has waited to be accepted by ingest; 0 when none waits. If it grows, look at ingest, at POSTRIDER_INGEST_ADDRESS and at the log's warnings: tenants are told late, none is forgotten.",
    registers,
    collect() {
      this.set(pendingSinceMs === undefined ? 0 : Math.max(0, nowMs() - pendingSinceMs) / 1000);
    },
  });
  return {
    pending: (storedAtMs) => {
      pendingSinceMs = storedAtMs;
    },
    done: (fate) => {
      pendingSinceMs = undefined;
      if (fate === "published") published.inc();
    },
    refused: (code) => {
      pendingSinceMs = undefined;
      refused.inc({ code: code.toLowerCase() });
    },
  };
}
