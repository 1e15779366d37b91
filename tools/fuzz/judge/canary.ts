// A caller that does nothing wrong, all the while.
import { credentials, type ServiceError } from "@grpc/grpc-js";
import { IngestServiceClient } from "@postrider/contracts/postrider/v1/ingest";
import { call } from "@postrider/kit-rpc";
import { setTimeout as sleep } from "node:timers/promises";

export interface Canary {
  /** What it met with, one line for each failure. */
  readonly problems: readonly string[];
  readonly served: () => number;
  readonly slowestMs: () => number;
  readonly stop: () => Promise<void>;
}

const PAUSE_MS = 100;
/** A good event is durable in milliseconds; on a busy machine, beside hostile ones, in less than this. */
const DEADLINE_MS = 10_000;

/** Publishes a good event again and again, on a connection of its own. @param type an event type that takes any data */
export function startCanary(address: string, type: string): Canary {
  const client = new IngestServiceClient(address, credentials.createInsecure());
  const problems: string[] = [];
  let served = 0;
  let slowestMs = 0;
  let isStopping = false;
  const run = async (): Promise<void> => {
    while (!isStopping) {
      const startedMs = performance.now();
      try {
        await publish(client, type);
        served += 1;
      } catch (error) {
        problems.push(`a good event was not taken: ${(error as ServiceError).message}`);
      }
      slowestMs = Math.max(slowestMs, performance.now() - startedMs);
      await sleep(PAUSE_MS);
    }
  };
  const ended = run();
  return {
    problems,
    served: () => served,
    slowestMs: () => slowestMs,
    stop: async () => {
      isStopping = true;
      await ended;
      client.close();
    },
  };
}

async function publish(client: IngestServiceClient, type: string): Promise<void> {
  const event = {
    ...{ id: "", tenantId: "canary", type, time: undefined, source: "", contentType: "", orderingKey: "" },
    data: { $case: "jsonData", value: "{}" } as const,
  };
  await call(client.publish.bind(client), { event }, { deadline: new Date(Date.now() + DEADLINE_MS) });
}
