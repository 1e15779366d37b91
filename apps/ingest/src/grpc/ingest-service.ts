import { IngestServiceService, type IngestServiceServer } from "@postrider/contracts/postrider/v1/ingest";
import { callerOf, type RpcService, unary } from "@postrider/kit-rpc";
import type { CallerRates } from "../caller-rates.ts";
import { publish, publishBatch, type PublishDeps } from "../publish.ts";
import { decodeFrom } from "./decode-event.ts";
import { INGEST_ACCESS } from "./ingest-access.ts";
import { servePublishStream } from "./publish-stream.ts";

/** postrider.v1.IngestService: decode, call, encode. */
export function createIngestService(deps: PublishDeps, rates: CallerRates): RpcService {
  const implementation: IngestServiceServer = {
    publish: unary(async ({ event }, call) =>
      publish(decodeFrom(callerOf(call), event, rates), deps, deadlineOf(call)),
    ),
    publishBatch: unary(async ({ events }, call) => {
      const caller = callerOf(call);
      const items = events.map((event) => decodeFrom(caller, event, rates));
      return { results: await publishBatch(items, deps, deadlineOf(call)) };
    }),
    publishStream: (call) => {
      servePublishStream(call, deps, rates);
    },
  };
  return {
    name: "postrider.v1.IngestService",
    definition: IngestServiceService,
    implementation,
    access: INGEST_ACCESS,
  };
}

/** Milliseconds since the epoch; Infinity when the caller set none. */
function deadlineOf(call: { getDeadline: () => Date | number }): number {
  return Number(call.getDeadline());
}
