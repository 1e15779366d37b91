import { RpcError } from "@postrider/kit-rpc";
import { Counter, Histogram, type Registry } from "prom-client";

/** What ingest counts. */
export interface IngestMetrics {
  /** Events became durable together, `durationUs` after they were asked for. */
  readonly accepted: (events: number, durationUs: number) => void;
  readonly rejected: (error: unknown) => void;
}

export function createIngestMetrics(registry: Registry): IngestMetrics {
  const accepted = new Counter({
    name: "postrider_events_accepted_total",
    help: "Events that were made durable; its rate is the event rate P.",
    registers: [registry],
  });
  const rejected = new Counter({
    name: "postrider_events_rejected_total",
    help: "Events that were not accepted, by the code that the producer got. A rise of unavailable means that the log fails.",
    labelNames: ["code"],
    registers: [registry],
  });
  const publishSeconds = new Histogram({
    name: "postrider_publish_seconds",
    help: "From the request to the durable append, for what was accepted.",
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5],
    registers: [registry],
  });
  return {
    accepted: (events, durationUs) => {
      accepted.inc(events);
      publishSeconds.observe(durationUs / 1e6);
    },
    rejected: (error) => {
      rejected.inc({ code: error instanceof RpcError ? error.code : "internal" });
    },
  };
}
