import type { PublishRequest, PublishResponse } from "@postrider/contracts/postrider/v1/ingest";
import type { LogWriter } from "@postrider/kit-event-log";
import type { Clock, Random } from "@postrider/kit-lifecycle";
import type { RpcService } from "@postrider/kit-rpc";
import type { Logger } from "@postrider/kit-telemetry";
import { observeCache } from "@postrider/kit-watched-cache";
import type { Registry } from "prom-client";
import { CallerRates } from "./caller-rates.ts";
import type { Catalog } from "./catalog.ts";
import { createEventTypeCache, type EventTypeCache } from "./event-type-cache.ts";
import { decodeEventMessage } from "./grpc/decode-event.ts";
import { createIngestService } from "./grpc/ingest-service.ts";
import { createIngestMetrics } from "./ingest-metrics.ts";
import { publish, type PublishDeps } from "./publish.ts";
import { createRecordEvents } from "./record-events.ts";

export interface IngestDeps {
  readonly writer: LogWriter;
  readonly catalog: Catalog;
  readonly clock: Clock;
  readonly random: Random;
  readonly registry: Registry;
  readonly logger: Logger;
  /** Events a second that each caller may publish; 0: any number. */
  readonly publishRate: number;
}

export interface Ingest {
  readonly services: readonly RpcService[];
  /** Publish, for those in the same process. @throws {RpcError} as over gRPC */
  readonly publish: (request: PublishRequest) => Promise<PublishResponse>;
  /** To be run beside them: until it watches the catalog, each event asks for its type. */
  readonly cache: EventTypeCache;
  /** What is not ready yet. */
  readonly findUnready: () => readonly string[];
}

/** Ingest: takes events in by gRPC and answers when they stand durably in the log. */
export function createIngest({ writer, catalog, clock, random, registry, logger, publishRate }: IngestDeps): Ingest {
  const cache = createEventTypeCache({ catalog, clock, random, logger });
  const deps: PublishDeps = {
    eventTypes: cache,
    recordEvents: createRecordEvents(writer, clock),
    metrics: createIngestMetrics(registry),
    clock,
    random,
  };
  const findUnready = observeCache({ what: "event_types", state: cache.state, registry });
  return {
    services: [createIngestService(deps, new CallerRates({ perSecond: publishRate, clock }))],
    publish: async ({ event }) => publish(decodeEventMessage(event), deps),
    ...{ cache, findUnready },
  };
}
