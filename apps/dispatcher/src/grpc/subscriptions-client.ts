import { SubscriptionServiceClient } from "@postrider/contracts/postrider/v1/subscription";
import { call, callWatch, connectRpc, type RpcCredentials } from "@postrider/kit-rpc";
import type { Subscriptions } from "../subscriptions.ts";

/** A call takes milliseconds; one that takes longer than this is made again. */
const DEADLINE_MS = 2000;
/**
 * The largest answer of a lookup, in bytes: some ten thousand subscriptions of one tenant. A tenant with more can't be
 * looked up, and its events wait.
 */
const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;

export interface ConnectSubscriptionsOptions {
  /** host:port of the subscription service. */
  readonly address: string;
  readonly credentials?: RpcCredentials;
}

/** The subscription service over gRPC. Connects when it is first used, and again whenever it has to. */
export function connectSubscriptions(
  options: ConnectSubscriptionsOptions,
): Subscriptions & { readonly close: () => Promise<void> } {
  const connection = connectRpc(SubscriptionServiceClient, { ...options, maxMessageBytes: MAX_MESSAGE_BYTES });
  return {
    resolve: async (request) => {
      const client = connection.client();
      return call(client.resolve.bind(client), request, { deadline: inTime() });
    },
    disable: async (request) => {
      const client = connection.client();
      return call(client.disableSubscription.bind(client), request, { deadline: inTime() });
    },
    reportHealth: async (request) => {
      const client = connection.client();
      return call(client.reportEndpointHealth.bind(client), request, { deadline: inTime() });
    },
    watch: (request, signal) => callWatch(connection, (client) => client.watch.bind(client), { request, signal }),
    close: async () => {
      connection.close();
      return Promise.resolve();
    },
  };
}

function inTime(): Date {
  return new Date(Date.now() + DEADLINE_MS);
}
