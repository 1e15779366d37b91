import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import {
  type Server,
  ServerCredentials,
  type ServiceDefinition,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import { ServerReflectionService } from "@postrider/contracts/grpc/reflection/v1/reflection";
import { HealthImplementation } from "grpc-health-check";
import { ClosingServer } from "./closing-server.ts";
import { createReflection } from "./reflection.ts";

/** A service to serve: what ts-proto generated, and what answers it. */
export interface RpcService {
  /** Its full name, such as postrider.v1.IngestService. */
  readonly name: string;
  readonly definition: ServiceDefinition;
  readonly implementation: UntypedServiceImplementation;
}

/** A gRPC server that listens. */
export interface RpcServer {
  /** host:port as bound: the port is the real one when 0 was asked for. */
  readonly address: string;
  /**
   * Answers health checks with NOT_SERVING, takes no new calls, ends the streams it answers, and gives running calls
   * `graceMs` to end.
   */
  readonly close: (graceMs: number) => Promise<void>;
}

export interface RpcServerOptions {
  /** host:port */
  readonly address: string;
  readonly services: readonly RpcService[];
  /** The largest message that is taken, in bytes. */
  readonly maxMessageBytes: number;
}

/**
 * Calls at a time of one connection. Further ones wait in the caller, unsent, and see their own deadline instead of our
 * answer: while the log is away, each call of a producer lasts for its deadline, and at 400/s and 5 s that is 2,000.
 * What they may hold is bounded elsewhere, by bytes.
 */
const MAX_CALLS = 10_000;

/**
 * Serves the services with health checks and reflection, so that grpcurl and Kubernetes need no .proto files.
 * @throws Error when the address can't be bound
 */
export async function startRpcServer({ address, services, maxMessageBytes }: RpcServerOptions): Promise<RpcServer> {
  const server = new ClosingServer({
    "grpc.max_receive_message_length": maxMessageBytes,
    "grpc.max_concurrent_streams": MAX_CALLS,
    // Callers that vanished without a word would keep their watches open for ever.
    "grpc.keepalive_time_ms": 20_000,
    "grpc.keepalive_timeout_ms": 10_000,
  });
  for (const { definition, implementation } of services) server.addService(definition, implementation);
  const names = services.map(({ name }) => name);
  const health = new HealthImplementation(Object.fromEntries(["", ...names].map((name) => [name, "SERVING"])));
  health.addToServer(server);
  addReflection(server, names);
  const port = await bind(server, address);
  return {
    address: `${address.slice(0, address.lastIndexOf(":"))}:${String(port)}`,
    close: async (graceMs) => {
      for (const name of ["", ...names]) health.setStatus(name, "NOT_SERVING");
      const ended = shutDown(server, graceMs);
      server.endStreams();
      await ended;
    },
  };
}

function addReflection(server: Server, names: readonly string[]): void {
  const descriptorSet = readFileSync(fileURLToPath(import.meta.resolve("@postrider/contracts/descriptors.binpb")));
  const described = [...names, "grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection"];
  server.addService(ServerReflectionService, createReflection(descriptorSet, described));
}

async function bind(server: Server, address: string): Promise<number> {
  return await new Promise((resolve, reject) => {
    server.bindAsync(address, ServerCredentials.createInsecure(), (error, port) => {
      if (error) reject(new Error(`can't listen on ${address}: ${error.message}`, { cause: error }));
      else resolve(port);
    });
  });
}

async function shutDown(server: Server, graceMs: number): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(() => {
      server.forceShutdown();
      resolve();
    }, graceMs);
    server.tryShutdown(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
