import type { ChannelCredentials, ChannelOptions, ClientOptions } from "@grpc/grpc-js";
import { channelOf, interceptorsOf, type RpcCredentials } from "./call-credentials.ts";

/** The shape of every client class that ts-proto generates. */
type ClientClass<Client> = new (
  address: string,
  channelCredentials: ChannelCredentials,
  options: Partial<ClientOptions>,
) => Client;

export interface ConnectRpcOptions {
  /** host:port of one of our own services. */
  readonly address: string;
  /** The largest answer that is taken, in bytes. */
  readonly maxMessageBytes: number;
  /** Who we are, and how we know the service; nobody and not at all if absent. */
  readonly credentials?: RpcCredentials;
}

/** A client of one of our own services; it connects when it is first used, and again whenever it has to. */
export interface RpcConnection<Client> {
  /** The client as it is now: to be asked for before each call. */
  readonly client: () => Client;
  /** Gives up a connection that does not answer; calls that are out on it end as they would. */
  readonly reconnect: () => void;
  readonly close: () => void;
}

/**
 * Connects to one of our own services. `reconnect` is for an attempt to connect that hangs (an address behind which nothing
 * answers any more): grpc-js has no limit for that, and the kernel's is two minutes.
 */
export function connectRpc<Client extends { readonly close: () => void }>(
  Class: ClientClass<Client>,
  { address, maxMessageBytes, credentials = {} }: ConnectRpcOptions,
): RpcConnection<Client> {
  const options = { ...createChannelOptions(maxMessageBytes), interceptors: interceptorsOf(credentials) };
  const open = (): Client => new Class(address, channelOf(credentials), options);
  let client = open();
  return {
    client: () => client,
    reconnect: () => {
      client.close();
      client = open();
    },
    close: () => {
      client.close();
    },
  };
}

function createChannelOptions(maxMessageBytes: number): ChannelOptions {
  return {
    "grpc.max_receive_message_length": maxMessageBytes,
    // A connection whose other side vanished without a word is noticed within 3 s. The pings go only while a call is out.
    // grpc-js's servers take any number; others (grpc-go, Envoy) may answer with too_many_pings, and grpc-js pings less then.
    "grpc.keepalive_time_ms": 1000,
    "grpc.keepalive_timeout_ms": 2000,
    // A service that comes back is used within a second; the default waits up to two minutes.
    "grpc.initial_reconnect_backoff_ms": 100,
    "grpc.max_reconnect_backoff_ms": 1000,
    // Its name may lead elsewhere after a restart; the default asks again after 30 s.
    "grpc.dns_min_time_between_resolutions_ms": 1000,
    // A new client must not get the old one's hanging connection out of the shared pool.
    "grpc.use_local_subchannel_pool": 1,
    // What the environment says of proxies is meant for the way out.
    "grpc.enable_http_proxy": 0,
    // No look-ups of TXT records for settings that we don't publish.
    "grpc.service_config_disable_resolution": 1,
  };
}
