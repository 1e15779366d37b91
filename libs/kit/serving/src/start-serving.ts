import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { type Clock, runServices, type Service, untilAborted } from "@postrider/kit-lifecycle";
import {
  type Doorkeeper,
  type RpcServer,
  type RpcServerOptions,
  type RpcService,
  startRpcServer,
  UNEXPECTED_CHANNEL,
  type UnexpectedError,
} from "@postrider/kit-rpc";
import { type AdminServer, type Logger, startAdminServer } from "@postrider/kit-telemetry";
import type { Registry } from "prom-client";

/** What the gRPC server gives running calls at the end; an append takes milliseconds. */
const RPC_GRACE_MS = 2000;
/** For closing everything else, after the grace of what is out. */
const CLOSING_MS = 5000;

/** Who is let in. */
export interface Door extends Pick<RpcServerOptions, "credentials"> {
  readonly doorkeeper: Doorkeeper;
  /** In a few words, for those who start the process. */
  readonly description: string;
}

export interface ServingOptions {
  /** What answers over gRPC, and where; left out by a process that takes no calls. */
  readonly grpc?: {
    readonly address: string;
    readonly services: readonly RpcService[];
    readonly maxMessageBytes: number;
    readonly door: Door;
  };
  readonly admin: { readonly address: string; readonly registry: Registry };
  /** Everything long-lived, in the order of dependency: each is stopped before what stands in front of it. */
  readonly services: readonly Service[];
  /** What is not ready yet, or no longer, beside the stop itself. */
  readonly findUnready?: () => readonly string[];
  readonly logger: Logger;
  readonly clock: Clock;
  /** What the slowest of the services may take to end after the stop; milliseconds. */
  readonly graceMs: number;
}

/** A process at work. */
export interface Serving {
  /** host:port as bound; empty without gRPC. */
  readonly grpcAddress: string;
  readonly adminAddress: string;
  /** Who is let in, in a few words; empty without gRPC. */
  readonly door: string;
  /**
   * Works until the signal aborts, then ends in order: not ready, no new calls, the services in reverse, the admin port
   * last, so that the end can be watched too. @throws the first failure of a service
   */
  readonly run: (signal: AbortSignal) => Promise<void>;
}

/**
 * Opens the ports of a service's process. If one can't be opened, whatever was given in `services` is stopped again.
 * @throws Error that names the address
 */
export async function startServing(options: ServingOptions): Promise<Serving> {
  const { clock, graceMs, logger } = options;
  let isStopping = false;
  const findUnready = (): readonly string[] => [
    ...(isStopping ? ["stopping"] : []),
    ...(options.findUnready?.() ?? []),
  ];
  const stopTelling = tellUnexpected(logger);
  const { admin, rpc } = await openPorts(options, findUnready);
  return {
    grpcAddress: rpc?.address ?? "",
    adminAddress: admin.address,
    door: options.grpc?.door.description ?? "",
    run: async (signal) => {
      signal.addEventListener("abort", () => {
        isStopping = true;
      });
      const longLived = [
        closedAtEnd("admin", admin.close),
        ...options.services,
        ...(rpc ? [closedAtEnd("grpc", async () => rpc.close(RPC_GRACE_MS))] : []),
      ];
      try {
        await runServices(longLived, { signal, clock, graceMs: graceMs + CLOSING_MS });
      } finally {
        stopTelling();
      }
    },
  };
}

/** Something that only has to be closed, in its turn. */
export function closedAtEnd(name: string, close: () => Promise<void>): Service {
  return {
    name,
    run: async (signal) => {
      await untilAborted(signal);
      await close();
    },
  };
}

async function openPorts(
  { admin, grpc, services, clock, graceMs }: ServingOptions,
  findUnready: () => readonly string[],
): Promise<{ admin: AdminServer; rpc: RpcServer | undefined }> {
  let opened: AdminServer | undefined;
  try {
    opened = await startAdminServer({ ...admin, findUnready });
    return { admin: opened, rpc: grpc && (await startGrpc(grpc)) };
  } catch (error) {
    await opened?.close();
    // Their end is all that is asked of them; how it went matters less than why there was no beginning.
    await runServices(services, { signal: AbortSignal.abort(), clock, graceMs }).catch(() => undefined);
    throw error;
  }
}

async function startGrpc({ door, ...options }: NonNullable<ServingOptions["grpc"]>): Promise<RpcServer> {
  // By name: what is given as a door may be more than one.
  return startRpcServer({ ...options, doorkeeper: door.doorkeeper, credentials: door.credentials });
}

/** Defects in handlers: the caller reads "internal error", the operator reads what it was. */
function tellUnexpected(logger: Logger): () => void {
  const tell = (unexpected: unknown): void => {
    const { error, method } = unexpected as UnexpectedError;
    // pino writes an error's words and stack under the name err only.
    logger.error({ err: error, method }, "a call failed unexpectedly");
  };
  subscribe(UNEXPECTED_CHANNEL, tell);
  return () => {
    unsubscribe(UNEXPECTED_CHANNEL, tell);
  };
}
