import { IngestServiceClient } from "@postrider/contracts/postrider/v1/ingest";
import { call, connectRpc, type RpcCredentials } from "@postrider/kit-rpc";
import type { Ingest } from "../operational-events/ingest.ts";

/** An append takes milliseconds; one that takes longer than this is asked for again. */
const DEADLINE_MS = 5000;
const MAX_MESSAGE_BYTES = 64 * 1024;

export interface ConnectIngestOptions {
  /** host:port of ingest. */
  readonly address: string;
  readonly credentials?: RpcCredentials;
}

/** Ingest over gRPC. Connects when it is first used, and again whenever it has to. */
export function connectIngest(options: ConnectIngestOptions): Ingest & { readonly close: () => Promise<void> } {
  const connection = connectRpc(IngestServiceClient, { ...options, maxMessageBytes: MAX_MESSAGE_BYTES });
  return {
    publish: async (request) => {
      const client = connection.client();
      return call(client.publish.bind(client), request, { deadline: new Date(Date.now() + DEADLINE_MS) });
    },
    close: async () => {
      connection.close();
      return Promise.resolve();
    },
  };
}
