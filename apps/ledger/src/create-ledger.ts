import { DeliveryServiceService } from "@postrider/contracts/postrider/v1/delivery";
import type { EventLog } from "@postrider/kit-event-log";
import type { Clock, Service } from "@postrider/kit-lifecycle";
import type { RpcService } from "@postrider/kit-rpc";
import type { Logger } from "@postrider/kit-telemetry";
import type { Registry } from "prom-client";
import { DELIVERY_ACCESS } from "./grpc/access.ts";
import { createDeliveryService } from "./grpc/delivery-service.ts";
import { addEntries, type AddEntriesDeps } from "./projection/add-entries.ts";
import { decodeRecord, LEDGER_TOPICS, type LedgerTopic } from "./projection/decode-record.ts";
import { TopicFollower } from "./projection/follow-topic.ts";
import { createLedgerMetrics } from "./projection/ledger-metrics.ts";
import { keptSince, runRetention } from "./run-retention.ts";
import type { LedgerStore } from "./store/ledger-store.ts";

/** Each topic is read once for the ledger, by however many processes. */
const GROUP = "ledger";

export interface LedgerDeps {
  readonly log: Pick<EventLog, "reader">;
  readonly store: LedgerStore;
  readonly clock: Clock;
  readonly registry: Registry;
  readonly logger: Logger;
  readonly retentionMs: number;
  /** How many times as long as a write of a topic took nothing more of it is written: 0 where the ledger has a database to itself. */
  readonly restFactor: number;
}

export interface Ledger {
  readonly services: readonly RpcService[];
  /** Follows the log. Nobody waits for it: deliveries go on while it is away, and it catches up. */
  readonly projection: Service;
}

/** The ledger: what became of events, read from the log into tables, for those who ask. */
export function createLedger({ log, store, clock, registry, logger, retentionMs, restFactor }: LedgerDeps): Ledger {
  const keptSinceMs = (): number => keptSince(clock.nowMs(), retentionMs);
  const adding = { store, clock, logger, metrics: createLedgerMetrics(registry), keptSinceMs };
  const followers = LEDGER_TOPICS.map((topic) => follow({ log, restFactor }, topic, adding));
  return {
    services: [
      {
        name: "postrider.v1.DeliveryService",
        definition: DeliveryServiceService,
        implementation: createDeliveryService(store),
        access: DELIVERY_ACCESS,
      },
    ],
    projection: {
      name: "ledger",
      run: async (signal) => {
        // One that can't go on ends all: the process then ends too, and says why.
        const ending = new AbortController();
        const stop = AbortSignal.any([signal, ending.signal]);
        const running = [
          runRetention({ store, clock, logger, keptSinceMs }, stop),
          ...followers.map(async (follower) => follower.run(stop)),
        ];
        try {
          await Promise.all(running);
        } finally {
          ending.abort();
          await Promise.allSettled(running);
        }
      },
    },
  };
}

function follow(
  { log, restFactor }: Pick<LedgerDeps, "log" | "restFactor">,
  topic: LedgerTopic,
  adding: AddEntriesDeps,
): TopicFollower {
  const { clock, logger, metrics } = adding;
  const follower = new TopicFollower({
    reader: log.reader({ topic, group: GROUP }),
    ...{ clock, logger, restFactor },
    decode: (record) => {
      const entries = decodeRecord(topic, record);
      if (entries) return entries;
      metrics.skipped("malformed", 1);
      return [];
    },
    add: async (entries, stop) => addEntries(entries, adding, stop),
  });
  metrics.watch(topic, () => follower.backlog());
  return follower;
}
