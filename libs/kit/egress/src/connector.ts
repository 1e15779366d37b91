import { connect as connectTcp, isIP, type LookupFunction, type Socket } from "node:net";
import { connect as connectTls, type SecureContext, type TLSSocket } from "node:tls";

import type { Clock } from "@postrider/kit-lifecycle";
import type { buildConnector } from "undici";

import type { DeadlineWheel } from "./deadline-wheel.ts";
import { isLoopback } from "./host-names.ts";
import { RefusedAddressError } from "./checked-lookup.ts";
import { openTunnel, type Proxy } from "./proxy-tunnel.ts";

/** Where a connection failed, in the order of the stages. */
export type ConnectStage = "lookup" | "connect" | "proxy" | "handshake";

/** A connection that was not made. `cause` says why. */
export class ConnectionError extends Error {
  override readonly name = "ConnectionError";
  override readonly cause: Error;
  readonly stage: ConnectStage;

  constructor(stage: ConnectStage, cause: Error) {
    super(cause.message);
    this.stage = stage;
    this.cause = cause;
  }
}

/** A stage took longer than all of them may together. */
export class ConnectTimeoutError extends Error {
  override readonly name = "ConnectTimeoutError";
}

/** How connections are made. */
export interface ConnectorOptions {
  /** The checked one: what it gives is connected to. */
  readonly lookup: LookupFunction;
  readonly trust: SecureContext;
  readonly proxy?: Proxy | undefined;
  /** Over all stages together. */
  readonly connectTimeoutMs: number;
  /** How long a TLS session may be resumed: for that long its certificate is not looked at again. */
  readonly maxConnectionAgeMs: number;
  readonly deadlines: DeadlineWheel;
  readonly clock: Clock;
}

type Target = Pick<buildConnector.Options, "hostname" | "protocol" | "port">;

/** As undici has them: TLS has no larger records. Node takes the option, its types don't know it. */
const READ_TLS = { highWaterMark: 16_384 };
const READ_TCP = { highWaterMark: 65_536 };
/** Probes of an idle connection: finds out that its other end is gone. Long, for idle ones are closed after seconds. */
const TCP_KEEP_ALIVE_MS = 60_000;

/**
 * Makes the connections to one origin: name, TCP, the proxy's tunnel if there is one, TLS. Ours instead of undici's,
 * so that one deadline covers all of it, a failure has the stage that it is of, and half-made ones can be cut.
 */
export class Connector {
  readonly #options: ConnectorOptions;
  readonly #pending = new Set<Socket>();
  #session: { readonly ticket: Buffer; readonly endsAtUs: number } | undefined;

  constructor(options: ConnectorOptions) {
    this.#options = options;
  }

  readonly connect = (target: buildConnector.Options, callback: buildConnector.Callback): void => {
    void this.#connect(target).then(
      (socket) => {
        callback(null, socket);
      },
      (error: unknown) => {
        callback(error as Error, null);
      },
    );
  };

  /** Cuts what is not a connection yet. */
  abort(): void {
    for (const socket of this.#pending) socket.destroy(new Error("the connections are closed"));
  }

  async #connect(target: Target): Promise<Socket> {
    const { deadlines, clock, connectTimeoutMs } = this.#options;
    const proxy = isLoopback(target.hostname) ? undefined : this.#options.proxy;
    const socket = this.#dial(target, proxy);
    const expiring = {
      expire: () => {
        socket.destroy(new ConnectTimeoutError(`no connection within ${connectTimeoutMs} ms`));
      },
    };
    const slot = deadlines.add(expiring, clock.monotonicUs(), connectTimeoutMs);
    this.#pending.add(socket);
    try {
      await untilConnected(socket, isIP(proxy?.hostname ?? target.hostname) === 0);
      if (proxy !== undefined) await this.#tunnel(socket, target, proxy);
      return target.protocol === "https:" ? await this.#secure(socket, target) : socket;
    } catch (error) {
      socket.destroy();
      throw error;
    } finally {
      deadlines.remove(expiring, slot);
      this.#pending.delete(socket);
    }
  }

  /** The operator chose the proxy: its address is not ours to judge, and its name the machine's to resolve. */
  #dial({ hostname, protocol, port }: Target, proxy: Proxy | undefined): Socket {
    const place = proxy ?? {
      host: hostname,
      port: Number(port) || defaultPort(protocol),
      lookup: this.#options.lookup,
    };
    const socket = connectTcp({
      ...("hostname" in place ? { host: place.hostname, port: place.port } : place),
      ...READ_TCP,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: TCP_KEEP_ALIVE_MS,
    });
    // For failures between two stages, when nobody waits; the next stage finds a destroyed socket.
    return socket.on("error", () => undefined);
  }

  async #tunnel(socket: Socket, { hostname, protocol, port }: Target, proxy: Proxy): Promise<void> {
    const host = isIP(hostname) === 6 ? `[${hostname}]` : hostname;
    const authority = `${host}:${port === "" ? defaultPort(protocol) : port}`;
    await new Promise<void>((resolve, reject) => {
      openTunnel(socket, { authority, authorization: proxy.authorization }, (error) => {
        if (error === null) resolve();
        else reject(new ConnectionError("proxy", error));
      });
    });
  }

  async #secure(socket: Socket, { hostname }: Target): Promise<TLSSocket> {
    const { clock, trust, maxConnectionAgeMs } = this.#options;
    const session = this.#session;
    const secured = connectTls({
      socket,
      host: hostname,
      // A literal is no server name, and a name goes without its final dot (RFC 6066, section 3).
      servername: isIP(hostname) === 0 ? hostname.replace(/\.$/u, "") : "",
      secureContext: trust,
      rejectUnauthorized: true,
      ALPNProtocols: ["http/1.1"],
      ...READ_TLS,
      ...(session !== undefined && clock.monotonicUs() < session.endsAtUs ? { session: session.ticket } : undefined),
    });
    const endsAtUs = clock.monotonicUs() + maxConnectionAgeMs * 1000;
    // Node tells of it after the certificate was verified. One that was resumed does not make another: it would never end.
    secured.on("session", (ticket) => {
      if (!secured.isSessionReused()) this.#session = { ticket, endsAtUs };
    });
    await untilSecured(secured, socket);
    return secured;
  }
}

function untilConnected(socket: Socket, isNamed: boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    let stage: ConnectStage = isNamed ? "lookup" : "connect";
    socket
      .on("lookup", (error) => {
        if ((error as Error | null) === null) stage = "connect";
      })
      .once("connect", resolve)
      .once("error", (error) => {
        reject(error instanceof RefusedAddressError ? error : new ConnectionError(stage, error));
      });
  });
}

function untilSecured(secured: TLSSocket, socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => {
      secured.destroy();
      reject(new ConnectionError("handshake", error));
    };
    secured.once("secureConnect", resolve).on("error", fail);
    // The deadline destroys the socket below, and TLS tells its reason as no error of its own.
    socket.once("error", fail).once("close", () => {
      fail(new Error("the connection was closed during the TLS handshake"));
    });
  });
}

function defaultPort(protocol: string): number {
  return protocol === "https:" ? 443 : 80;
}
