import { EventTypeServiceClient } from "@postrider/contracts/postrider/v1/event_type";
import { call, callWatch, connectRpc, readErrorDetails, type RpcCredentials } from "@postrider/kit-rpc";
import type { Catalog } from "../catalog.ts";

/** A lookup takes milliseconds; a producer is told to come again when it takes longer than this. */
const LOOKUP_DEADLINE_MS = 2000;
/** A schema and examples of the largest size, with room to spare. */
const MAX_MESSAGE_BYTES = 8 * 1024 * 1024;

export interface ConnectCatalogOptions {
  /** host:port of the subscription service. */
  readonly address: string;
  readonly credentials?: RpcCredentials;
}

/** The catalog over gRPC. Connects when it is first used, and again whenever it has to. */
export function connectCatalog(options: ConnectCatalogOptions): Catalog & { readonly close: () => Promise<void> } {
  const connection = connectRpc(EventTypeServiceClient, { ...options, maxMessageBytes: MAX_MESSAGE_BYTES });
  return {
    getEventType: async (name) => {
      const client = connection.client();
      const deadline = new Date(Date.now() + LOOKUP_DEADLINE_MS);
      try {
        return (await call(client.getEventType.bind(client), { name }, { deadline })).eventType;
      } catch (error) {
        if (readErrorDetails(error).code === "NOT_FOUND") return undefined;
        throw error;
      }
    },
    watchEventTypes: (request, signal) =>
      callWatch(connection, (client) => client.watchEventTypes.bind(client), { request, signal }),
    close: async () => {
      connection.close();
      return Promise.resolve();
    },
  };
}
