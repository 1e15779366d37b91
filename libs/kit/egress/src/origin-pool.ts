import type { LookupFunction } from "node:net";

import { Pool, type Dispatcher } from "undici";

/** How connections to one origin are made. */
export interface OriginPoolOptions {
  readonly connections: number;
  readonly connectTimeoutMs: number;
  readonly lookup: LookupFunction;
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

  constructor(origin: string, { connections, connectTimeoutMs, lookup }: OriginPoolOptions) {
    this.origin = origin;
    this.#pool = new Pool(origin, {
      connections,
      pipelining: 1,
      allowH2: false,
      // One deadline covers all of it: these would each start a timer, and the second restarts at each chunk.
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: KEEP_ALIVE_MS,
      keepAliveMaxTimeout: KEEP_ALIVE_MS,
      maxHeaderSize: MAX_HEADER_BYTES,
      connect: { lookup, timeout: connectTimeoutMs },
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

  /** Cuts all connections, and gives back what is held. */
  async destroy(): Promise<void> {
    await this.#pool.destroy();
  }
}
