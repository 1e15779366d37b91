import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import {
  type Server,
  ServerCredentials,
  type ServiceDefinition,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import { ServerReflectionService } from "@postrider/contracts/grpc/reflection/v1/reflection";
import { HealthImplementation, service as healthDefinition } from "grpc-health-check";
import { type Doorkeeper, type MethodAccess, openDoor } from "./access.ts";
import { Admission, type GuardedService } from "./admission.ts";
import { answerPlainly } from "./answer-plainly.ts";
import { ClosingServer } from "./closing-server.ts";
import { createReflection } from "./reflection.ts";
import { decodeStrictly } from "./strict-decoding.ts";

/** A service to serve: what ts-proto generated, and what answers it. */
export interface RpcService {
  /** Its full name, such as postrider.v1.IngestService. */
  readonly name: string;
  readonly definition: ServiceDefinition;
  readonly implementation: UntypedServiceImplementation;
  /** Who may call which of its methods, by the names of the definition: all of them, or it is not served. */
  readonly access: Readonly<Record<string, MethodAccess>>;
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
  /** Who knows the callers; without one everybody may do everything. */
  readonly doorkeeper?: Doorkeeper;
  /** What it shows to those who connect, and asks of them; without it nothing is encrypted. */
  readonly credentials?: ServerCredentials | undefined;
}

/** How often streams are asked for their callers again: a token that is revoked ends what was begun with it. */
const REVIEW_MS = 1000;

/**
 * Calls at a time of one connection. Further ones wait in the caller, unsent, and see their own deadline instead of our
 * answer: while the log is away, each call of a producer lasts for its deadline, and at 400/s and 5 s that is 2,000.
 * What they may hold is bounded elsewhere, by bytes.
 */
const MAX_CALLS = 10_000;

/**
 * What one connection may have this server hold, headers above all: calls that are not sent to their end may have tens of
 * kilobytes of them, times MAX_CALLS. Calls beyond it are RESOURCE_EXHAUSTED; 10,000 that wait need less than this.
 */
const MAX_SESSION_MB = 64;

/** A connection without a call is told to go, and made again when it is needed. */
const MAX_IDLE_MS = 600_000;

/**
 * Serves the services with health checks and reflection, so that grpcurl and Kubernetes need no .proto files. Health is
 * for everybody, since a probe has no credentials; reflection is for any known caller.
 * @throws Error when the address can't be bound, or a method has no rule who may call it
 */
export async function startRpcServer(options: RpcServerOptions): Promise<RpcServer> {
  const { address, services, maxMessageBytes, doorkeeper = openDoor } = options;
  const admission = new Admission([...services, HEALTH_ACCESS, REFLECTION_ACCESS], doorkeeper);
  const server = new ClosingServer({
    "grpc.max_receive_message_length": maxMessageBytes,
    "grpc.max_concurrent_streams": MAX_CALLS,
    "grpc-node.max_session_memory": MAX_SESSION_MB,
    "grpc.max_connection_idle_ms": MAX_IDLE_MS,
    // Callers that vanished without a word would keep their watches open for ever.
    "grpc.keepalive_time_ms": 20_000,
    "grpc.keepalive_timeout_ms": 10_000,
    interceptors: [answerPlainly, admission.interceptor],
  });
  for (const { definition, implementation } of services) server.addService(decodeStrictly(definition), implementation);
  const names = services.map(({ name }) => name);
  const health = new HealthImplementation(Object.fromEntries(["", ...names].map((name) => [name, "SERVING"])));
  health.addToServer(server);
  addReflection(server, names);
  const port = await bind(server, address, options.credentials);
  const stopReviewing = reviewStreams(server, admission);
  return {
    address: `${address.slice(0, address.lastIndexOf(":"))}:${String(port)}`,
    close: async (graceMs) => {
      stopReviewing();
      for (const name of ["", ...names]) health.setStatus(name, "NOT_SERVING");
      const ended = shutDown(server, graceMs);
      server.endStreams();
      await ended;
    },
  };
}

const HEALTH_ACCESS: GuardedService = {
  definition: healthDefinition,
  access: { Check: "everybody", Watch: "everybody", List: "everybody" },
};
const REFLECTION_ACCESS: GuardedService = {
  definition: ServerReflectionService,
  access: { serverReflectionInfo: "callers" },
};

function reviewStreams(server: ClosingServer, admission: Admission): () => void {
  const timer = setInterval(() => {
    void server.review(async (metadata) => admission.readmit(metadata));
  }, REVIEW_MS);
  timer.unref();
  return () => {
    clearInterval(timer);
  };
}

function addReflection(server: Server, names: readonly string[]): void {
  const descriptorSet = readFileSync(fileURLToPath(import.meta.resolve("@postrider/contracts/descriptors.binpb")));
  const described = [...names, "grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection"];
  server.addService(decodeStrictly(ServerReflectionService), createReflection(descriptorSet, described));
}

async function bind(
  server: Server,
  address: string,
  credentials: ServerCredentials = ServerCredentials.createInsecure(),
): Promise<number> {
  return await new Promise((resolve, reject) => {
    server.bindAsync(address, credentials, (error, port) => {
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
