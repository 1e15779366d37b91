import type { Clock } from "@postrider/kit-lifecycle";

import { createCheckedLookup, type ResolveHost } from "./checked-lookup.ts";
import { createDeadlineWheel, type DeadlineWheel } from "./deadline-wheel.ts";
import { Exchange, type ExchangeOwner } from "./exchange.ts";
import { OriginPool } from "./origin-pool.ts";
import { OriginPools } from "./origin-pools.ts";
import type { EgressPolicy } from "./policy.ts";
import type { Proxy } from "./proxy-tunnel.ts";
import type { EgressResult, Unreachable } from "./result.ts";
import { createTargetCache, type Target } from "./target-cache.ts";
import { createTrust } from "./trust.ts";

/** One HTTP request. */
export interface EgressRequest {
  readonly url: string;
  /** In upper case. */
  readonly method: string;
  /** Sent as they are, beside those of HTTP itself; names in lower case. `accept-encoding` is set by the egress. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** One deadline over waiting for a connection, connecting, headers and body; kept to within 100 ms. */
  readonly timeoutMs: number;
  /** How much of the response's body the result carries, from its beginning; 0 for nothing. */
  readonly keepBodyBytes: number;
  /** Headers of the response that the result carries; names in lower case. Default: none. */
  readonly keepHeaders?: readonly string[];
}

/** Bounds of all requests together. */
export interface EgressLimits {
  /**
   * Sockets to one origin. Default 1,024: many tenants' endpoints may be at one host, and none may wait for another, so what
   * each of them gets is the caller's to bound.
   */
  readonly connectionsPerOrigin: number;
  /** A response is read up to here, then its connection is cut. Default 64 KiB. */
  readonly maxResponseBytes: number;
  /** Connections to an origin are forgotten after this long without a request. Default 60 s. */
  readonly idlePoolMs: number;
  /** Origins that have connections at one time. Default 10,000, about 190 MB. */
  readonly maxOrigins: number;
  /** Requests that one origin holds, with those waiting for a socket. Default 4,096. */
  readonly requestsPerOrigin: number;
  /** A connection that takes longer is given up, also when the request's deadline is later. Default 10 s. */
  readonly connectTimeoutMs: number;
  /** A connection is used for this long, then made again with whatever DNS says by then. Default 60 s. */
  readonly maxConnectionAgeMs: number;
}

/** What an egress is made of. */
export interface EgressOptions {
  readonly policy: EgressPolicy;
  readonly clock: Clock;
  readonly limits?: Partial<EgressLimits>;
  /** Default: the machine's resolver. */
  readonly resolveHost?: ResolveHost;
  /** Certificates (PEM, one each) that receivers' may be signed by, beside the usual authorities. */
  readonly authorities?: readonly string[];
  /** All but loopback is reached through it, and it resolves the names. What a URL says by itself is checked as ever. */
  readonly proxy?: Proxy | undefined;
}

/** The only door to the internet. */
export interface Egress {
  /** Sends one request, once: no retry, no redirect. Never rejects. */
  readonly send: (request: EgressRequest) => Promise<EgressResult>;
  /**
   * Takes nothing more, waits for what is in flight (at most until its deadline, and at most `graceMs` if given), then
   * cuts all connections.
   */
  readonly close: (graceMs?: number) => Promise<void>;
}

const DEFAULT_LIMITS: EgressLimits = {
  connectionsPerOrigin: 1024,
  maxResponseBytes: 64 * 1024,
  idlePoolMs: 60_000,
  maxOrigins: 10_000,
  requestsPerOrigin: 4096,
  connectTimeoutMs: 10_000,
  // What load balancers' names live in DNS; with 64 connections to an origin, a handshake a second.
  maxConnectionAgeMs: 60_000,
};

/** Deadlines last seconds: a twentieth of one is exact enough, and twenty timer callbacks a second cost nothing. */
const DEADLINE_TICK_MS = 50;

/** Creates the door. Every URL, and every address that a connection is made to, is checked against the policy. */
export function createEgress(options: EgressOptions): Egress {
  return new DispatchingEgress(options);
}

/** A request on its way to undici. */
interface Departure {
  readonly request: EgressRequest;
  readonly target: Extract<Target, { kind: "target" }>;
  readonly pool: OriginPool;
  readonly resolve: (result: EgressResult) => void;
}

class DispatchingEgress implements Egress {
  readonly #clock: Clock;
  readonly #limits: EgressLimits;
  readonly #findTarget: (url: string) => Target;
  readonly #deadlines: DeadlineWheel;
  readonly #pools: OriginPools;
  readonly #drained = Promise.withResolvers<undefined>();
  #openCount = 0;
  #closing: Promise<void> | undefined;

  constructor({ policy, clock, limits, resolveHost, authorities, proxy }: EgressOptions) {
    this.#clock = clock;
    this.#limits = { ...DEFAULT_LIMITS, ...limits };
    this.#findTarget = createTargetCache(policy);
    this.#deadlines = createDeadlineWheel(clock, DEADLINE_TICK_MS);
    this.#pools = new OriginPools({
      ...this.#limits,
      connections: this.#limits.connectionsPerOrigin,
      lookup: createCheckedLookup(policy, resolveHost),
      trust: createTrust(authorities),
      ...{ proxy, deadlines: this.#deadlines, clock },
    });
  }

  readonly send = (request: EgressRequest): Promise<EgressResult> => {
    const target = this.#findTarget(request.url);
    if (target.kind === "refused") return Promise.resolve(target);
    const pool = this.#acquirePool(target.origin);
    if (!(pool instanceof OriginPool)) return Promise.resolve(pool);
    return new Promise((resolve) => {
      this.#dispatch({ request, target, pool, resolve });
    });
  };

  readonly close = (graceMs?: number): Promise<void> => {
    this.#closing ??= this.#close(graceMs);
    return this.#closing;
  };

  #acquirePool(origin: string): OriginPool | Unreachable {
    if (this.#closing !== undefined) return notConnected("the egress is closed");
    const { maxOrigins, requestsPerOrigin } = this.#limits;
    const pool = this.#pools.acquire(origin);
    if (pool === undefined) return notConnected(`${maxOrigins} origins are in use, no more are allowed`);
    if (pool.heldCount >= requestsPerOrigin) {
      return notConnected(`${pool.heldCount} requests to ${origin} wait, no more are allowed`);
    }
    return pool;
  }

  #dispatch(departure: Departure): void {
    const { request, target, pool } = departure;
    const { timeoutMs, keepBodyBytes, keepHeaders } = request;
    const { maxResponseBytes } = this.#limits;
    const startedUs = this.#clock.monotonicUs();
    const terms = { startedUs, timeoutMs, keepBodyBytes, keepHeaders, maxResponseBytes, clock: this.#clock };
    const exchange = new Exchange(terms, departure, this.#owner);
    this.#openCount += 1;
    exchange.slot = this.#deadlines.add(exchange, startedUs, timeoutMs);
    const headers = listHeaders(request.headers);
    pool.dispatch({ path: target.path, method: request.method, headers, body: request.body ?? null }, exchange);
  }

  readonly #owner: ExchangeOwner<Departure> = {
    settled: (exchange, result) => {
      const { pool, resolve } = exchange.departure;
      this.#deadlines.remove(exchange, exchange.slot);
      pool.openCount -= 1;
      this.#openCount -= 1;
      if (this.#openCount === 0 && this.#closing !== undefined) this.#drained.resolve(undefined);
      resolve(result);
    },
    released: ({ departure: { pool } }) => {
      pool.heldCount -= 1;
      if (pool.heldCount === 0) pool.lastUsedUs = this.#clock.monotonicUs();
    },
    stranded: ({ departure: { pool } }) => {
      // Nobody waits for this pool any more, and it holds what it can't send: it never got a connection.
      if (pool.openCount === 0) this.#pools.drop(pool);
    },
  };

  readonly #giveUp = (): void => {
    this.#drained.resolve(undefined);
  };

  async #close(graceMs: number | undefined): Promise<void> {
    const cancel = graceMs === undefined ? undefined : this.#clock.after(graceMs, this.#giveUp);
    if (this.#openCount > 0) await this.#drained.promise;
    cancel?.();
    this.#deadlines.stop();
    await this.#pools.close();
  }
}

/** A flat list, as undici keeps it. `identity` leaves no room for a gzip bomb: the cap counts what was sent. */
function listHeaders(headers: Readonly<Record<string, string>>): string[] {
  const list = ["accept-encoding", "identity"];
  for (const name in headers) {
    if (name !== "accept-encoding") list.push(name, headers[name] ?? "");
  }
  return list;
}

function notConnected(message: string): Unreachable {
  return { kind: "unreachable", reason: "connect", message, durationUs: 0 };
}
