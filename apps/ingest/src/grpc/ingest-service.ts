import { type Event, IngestServiceService, type IngestServiceServer } from "@postrider/contracts/postrider/v1/ingest";
import { RpcError, type RpcService, unary } from "@postrider/kit-rpc";
import { type BatchItem, publish, publishBatch, type PublishDeps } from "../publish.ts";
import { decodeEventMessage } from "./decode-event.ts";
import { servePublishStream } from "./publish-stream.ts";

/** postrider.v1.IngestService: decode, call, encode. */
export function createIngestService(deps: PublishDeps): RpcService {
  const implementation: IngestServiceServer = {
    publish: unary(async ({ event }, call) => publish(decodeEventMessage(event), deps, deadlineOf(call))),
    publishBatch: unary(async ({ events }, call) => ({
      results: await publishBatch(events.map(decodeItem), deps, deadlineOf(call)),
    })),
    publishStream: (call) => {
      servePublishStream(call, deps);
    },
  };
  return { name: "postrider.v1.IngestService", definition: IngestServiceService, implementation };
}

/** Milliseconds since the epoch; Infinity when the caller set none. */
function deadlineOf(call: { getDeadline: () => Date | number }): number {
  return Number(call.getDeadline());
}

function decodeItem(event: Event): BatchItem {
  try {
    return decodeEventMessage(event);
  } catch (error) {
    if (error instanceof RpcError) return error;
    throw error;
  }
}
