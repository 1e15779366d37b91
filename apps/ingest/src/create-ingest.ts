import type { LogWriter } from "@postrider/kit-event-log";
import type { Clock, Random } from "@postrider/kit-lifecycle";
import type { RpcService } from "@postrider/kit-rpc";
import type { Registry } from "prom-client";
import type { Catalog } from "./catalog.ts";
import { createEventTypeCache } from "./event-type-cache.ts";
import { createIngestService } from "./grpc/ingest-service.ts";
import { createIngestMetrics } from "./ingest-metrics.ts";
import { createRecordEvents } from "./record-events.ts";

export interface IngestDeps {
  readonly writer: LogWriter;
  readonly catalog: Catalog;
  readonly clock: Clock;
  readonly random: Random;
  readonly registry: Registry;
}

/** Ingest: takes events in by gRPC and answers when they stand durably in the log. */
export function createIngest({ writer, catalog, clock, random, registry }: IngestDeps): { services: RpcService[] } {
  const service = createIngestService({
    eventTypes: createEventTypeCache(catalog),
    recordEvents: createRecordEvents(writer),
    metrics: createIngestMetrics(registry),
    clock,
    random,
  });
  return { services: [service] };
}
