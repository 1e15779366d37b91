import { Pool, type Client, type Dispatcher } from "undici";

import { BoundedClient } from "./bounded-client.ts";
import { Connector, type ConnectorOptions } from "./connector.ts";

/** How connections to one origin are made and kept. */
export interface OriginPoolOptions extends ConnectorOptions {
  readonly connections: number;
}

/**
 * Idle connections are given back soon: many receivers close theirs after 5 s, and a request that is sent just
 * then is lost. The same bounds what a receiver asks for in its `keep-alive` header.
 */
const KEEP_ALIVE_MS = 4000;

/** No honest receiver needs more; the default of Node's own server is the same. */
const MAX_HEADER_BYTES = 16_384;

/** The connections to one origin, and how much they are used. */
export class OriginPool {
  readonly origin: string;
  /** Requests whose result is open. */
  openCount = 0;
  /** Requests that undici holds: the open ones, and expired ones that it can't give back yet. */
  heldCount = 0;
  lastUsedUs = 0;
  readonly #pool: Pool;
  readonly #connector: Connector;

  constructor(origin: string, options: OriginPoolOptions) {
    this.origin = origin;
    this.#connector = new Connector(options);
    this.#pool = new Pool(origin, {
      connections: options.connections,
      pipelining: 1,
      allowH2: false,
      // The environment (UNDICI_USE_MILO) does not choose who reads what strangers send.
      useMilo: false,
      // One deadline covers all of it: these would each start a timer, and the second restarts at each chunk.
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: KEEP_ALIVE_MS,
      keepAliveMaxTimeout: KEEP_ALIVE_MS,
      maxHeaderSize: MAX_HEADER_BYTES,
      factory: (url, clientOptions: Client.Options) =>
        new BoundedClient(url, clientOptions, { ...options, connect: this.#connector.connect }),
    });
  }

  get isIdle(): boolean {
    return this.heldCount === 0;
  }

  /** Failures come back through the exchange, also those of a malformed request. */
  dispatch(options: Dispatcher.DispatchOptions, exchange: Dispatcher.DispatchHandler): void {
    this.openCount += 1;
    this.heldCount += 1;
    this.#pool.dispatch(options, exchange);
  }

  /** Cuts all connections, also those that are being made, and gives back what is held. */
  async destroy(): Promise<void> {
    const destroyed = this.#pool.destroy();
    this.#connector.abort();
    await destroyed;
  }
}
