import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { createFileRegistry, fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { credentials, status } from "@grpc/grpc-js";
import { HealthCheckResponse_ServingStatus as Serving, HealthClient } from "@postrider/contracts/grpc/health/v1/health";
import {
  ServerReflectionClient,
  type ServerReflectionRequest,
  type ServerReflectionResponse,
} from "@postrider/contracts/grpc/reflection/v1/reflection";
import {
  IngestServiceClient,
  IngestServiceService,
  type PublishRequest,
  type PublishResponse,
} from "@postrider/contracts/postrider/v1/ingest";
import { afterEach, describe, expect, onTestFinished, test } from "vitest";
import {
  call,
  readErrorDetails,
  RpcError,
  startRpcServer,
  unary,
  UNEXPECTED_CHANNEL,
  type RpcServer,
  type UnexpectedError,
} from "./index.ts";
import { accessForEverybody } from "./testing/index.ts";

type Publish = (request: PublishRequest) => Promise<PublishResponse>;

const accepted: PublishResponse = { eventId: "evt_1", acceptedAt: new Date(0) };
const opened: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const close of opened.splice(0).toReversed()) await close();
});

/** A server whose Publish does what the test says. */
async function serve(publish: Publish, maxMessageBytes = 64 * 1024): Promise<RpcServer> {
  const implementation = { publish: unary(publish), publishBatch: unary(publish), publishStream: () => undefined };
  const definition = IngestServiceService;
  const service = {
    name: "postrider.v1.IngestService",
    definition,
    implementation,
    access: accessForEverybody(definition),
  };
  const server = await startRpcServer({ address: "127.0.0.1:0", services: [service], maxMessageBytes });
  opened.push(async () => server.close(0));
  return server;
}

function connect<Client extends { close(): void }>(
  ClientClass: new (address: string, insecure: ReturnType<typeof credentials.createInsecure>) => Client,
  { address }: RpcServer,
): Client {
  const client = new ClientClass(address, credentials.createInsecure());
  opened.push(() => {
    client.close();
  });
  return client;
}

function soon(ms = 10_000): Date {
  return new Date(Date.now() + ms);
}

async function publishTo(
  server: RpcServer,
  settings: { deadline?: Date; signal?: AbortSignal } = {},
): Promise<unknown> {
  const client = connect(IngestServiceClient, server);
  return call(client.publish.bind(client), { event: undefined }, { deadline: soon(), ...settings });
}

async function failureOf(outcome: Promise<unknown>): Promise<unknown> {
  return outcome.then(
    () => {
      throw new Error("the call succeeded");
    },
    (error: unknown) => error,
  );
}

describe("a unary call", () => {
  test("is answered with what the handler resolved to", async () => {
    const server = await serve(async () => accepted);
    expect(server.address).toMatch(/^127\.0\.0\.1:[1-9]\d*$/);
    await expect(publishTo(server)).resolves.toEqual(accepted);
  });

  test("that fails as expected tells the caller code, text, fields and delay", async () => {
    const violations = [{ field: "event.type", description: '"ü" is not in the catalog' }];
    const server = await serve(async () => {
      throw new RpcError("not_found", 'type "ü" (50 %)', { violations, retryDelayMs: 1500 });
    });
    expect(readErrorDetails(await failureOf(publishTo(server)))).toEqual({
      code: "NOT_FOUND",
      message: 'type "ü" (50 %)',
      violations,
      retryDelayMs: 1500,
    });
  });

  test("that fails with a text cut within a character still fails as it should", async () => {
    const server = await serve(async () => {
      throw RpcError.invalid([{ field: "event.data", description: "found \ud83d" }]);
    });
    expect(readErrorDetails(await failureOf(publishTo(server)))).toEqual({
      code: "INVALID_ARGUMENT",
      message: "event.data: found \ufffd",
      violations: [{ field: "event.data", description: "found \ufffd" }],
    });
  });

  test("that fails by a defect tells the caller nothing, and the operator all", async () => {
    const defect = new TypeError("password is hunter2");
    const told: unknown[] = [];
    const listen = (message: unknown): number => told.push(message);
    subscribe(UNEXPECTED_CHANNEL, listen);
    onTestFinished(() => void unsubscribe(UNEXPECTED_CHANNEL, listen));
    const server = await serve(async () => {
      throw defect;
    });
    const failure = await failureOf(publishTo(server));
    expect(readErrorDetails(failure)).toEqual({ code: "INTERNAL", message: "internal error", violations: [] });
    expect(JSON.stringify(failure)).not.toContain("hunter2");
    expect(told).toEqual([{ error: defect, method: "/postrider.v1.IngestService/Publish" } satisfies UnexpectedError]);
  });

  test("that fails as expected is not reported as a defect", async () => {
    const told: unknown[] = [];
    const listen = (message: unknown): number => told.push(message);
    subscribe(UNEXPECTED_CHANNEL, listen);
    onTestFinished(() => void unsubscribe(UNEXPECTED_CHANNEL, listen));
    const server = await serve(async () => {
      throw new RpcError("aborted", "lost the race");
    });
    await failureOf(publishTo(server));
    expect(told).toEqual([]);
  });

  test("ends at its deadline, however long the handler takes", async () => {
    const server = await serve(async () => new Promise(() => undefined));
    expect(await failureOf(publishTo(server, { deadline: soon(50) }))).toMatchObject({
      code: status.DEADLINE_EXCEEDED,
    });
  });

  test("is cancelled by its signal", async () => {
    const arrived = Promise.withResolvers<undefined>();
    const server = await serve(async () => {
      arrived.resolve(undefined);
      return new Promise(() => undefined);
    });
    const aborting = new AbortController();
    const outcome = failureOf(publishTo(server, { signal: aborting.signal }));
    await arrived.promise;
    aborting.abort();
    expect(await outcome).toMatchObject({ code: status.CANCELLED });
  });

  test("is not made at all when its signal has aborted before", async () => {
    let calls = 0;
    const server = await serve(async () => {
      calls += 1;
      return accepted;
    });
    const reason = new Error("stopping");
    expect(await failureOf(publishTo(server, { signal: AbortSignal.abort(reason) }))).toBe(reason);
    expect(calls).toBe(0);
  });

  test("with a message over the limit is refused", async () => {
    const server = await serve(async () => accepted, 1024);
    const client = connect(IngestServiceClient, server);
    const event = {
      ...{ id: "", tenantId: "t", type: "x", time: undefined, source: "", contentType: "", orderingKey: "" },
      data: { $case: "binaryData" as const, value: Buffer.alloc(2048) },
    };
    const outcome = call(client.publish.bind(client), { event }, { deadline: soon() });
    expect(await failureOf(outcome)).toMatchObject({ code: status.RESOURCE_EXHAUSTED });
  });
});

describe("a server", () => {
  test("that can't have its address says which", async () => {
    const first = await serve(async () => accepted);
    const second = startRpcServer({ address: first.address, services: [], maxMessageBytes: 1024 });
    await expect(second).rejects.toThrow(`can't listen on ${first.address}`);
  });

  test("lets a running call end when it closes, and takes no new ones", async () => {
    const arrived = Promise.withResolvers<undefined>();
    const release = Promise.withResolvers<PublishResponse>();
    const server = await serve(async () => {
      arrived.resolve(undefined);
      return release.promise;
    });
    const running = publishTo(server);
    await arrived.promise;
    const closed = server.close(60_000);
    expect(await failureOf(publishTo(server, { deadline: soon(2000) }))).toMatchObject({ code: status.UNAVAILABLE });
    release.resolve(accepted);
    await expect(running).resolves.toEqual(accepted);
    await closed;
  });

  test("gives running calls no more than the grace time", async () => {
    const arrived = Promise.withResolvers<undefined>();
    const server = await serve(async () => {
      arrived.resolve(undefined);
      return new Promise(() => undefined);
    });
    const running = failureOf(publishTo(server));
    await arrived.promise;
    await server.close(1);
    expect(readErrorDetails(await running).code).toMatch(/^(CANCELLED|UNAVAILABLE)$/);
  });
});

describe("health", () => {
  test.each(["", "postrider.v1.IngestService"])('of "%s" is SERVING', async (service) => {
    const client = connect(HealthClient, await serve(async () => accepted));
    const answer = await call(client.check.bind(client), { service }, { deadline: soon() });
    expect(answer.status).toBe(Serving.SERVING);
  });

  test("of a service that is not here is NOT_FOUND", async () => {
    const client = connect(HealthClient, await serve(async () => accepted));
    const outcome = call(client.check.bind(client), { service: "elsewhere" }, { deadline: soon() });
    expect(await failureOf(outcome)).toMatchObject({ code: status.NOT_FOUND });
  });

  test("turns NOT_SERVING as soon as the server closes, for those who watch it", async () => {
    const server = await serve(async () => accepted);
    const client = connect(HealthClient, server);
    const watch = client.watch({ service: "postrider.v1.IngestService" });
    const seen = watch[Symbol.asyncIterator]() as AsyncIterator<{ status: number }>;
    expect((await seen.next()).value).toMatchObject({ status: Serving.SERVING });
    const closed = server.close(60_000);
    expect((await seen.next()).value).toMatchObject({ status: Serving.NOT_SERVING });
    watch.on("error", () => undefined);
    watch.cancel();
    await closed;
  });
});

describe("reflection", () => {
  async function reflect(
    server: RpcServer,
    messageRequest: NonNullable<ServerReflectionRequest["messageRequest"]>,
  ): Promise<NonNullable<ServerReflectionResponse["messageResponse"]>> {
    const stream = connect(ServerReflectionClient, server).serverReflectionInfo();
    stream.end({ host: "here", messageRequest });
    const answers: ServerReflectionResponse[] = [];
    for await (const answer of stream) answers.push(answer as ServerReflectionResponse);
    const [only] = answers;
    if (!only?.messageResponse || answers.length > 1) throw new Error(`${answers.length} answers`);
    expect(only).toMatchObject({ validHost: "here", originalRequest: { messageRequest } });
    return only.messageResponse;
  }

  test("lists the services, those of the server itself included", async () => {
    const answer = await reflect(await serve(async () => accepted), { $case: "listServices", value: "" });
    expect(answer).toEqual({
      $case: "listServicesResponse",
      value: {
        service: [
          { name: "postrider.v1.IngestService" },
          { name: "grpc.health.v1.Health" },
          { name: "grpc.reflection.v1.ServerReflection" },
        ],
      },
    });
  });

  test.each([
    "postrider.v1.Subscription",
    "postrider.v1.SubscriptionService",
    "postrider.v1.SubscriptionService.GetSubscription",
  ])("describes %s with all that it needs, times and maps as they are", async (symbol) => {
    const answer = await reflect(await serve(async () => accepted), { $case: "fileContainingSymbol", value: symbol });
    if (answer.$case !== "fileDescriptorResponse") throw new Error(JSON.stringify(answer));
    const [first, ...imports] = answer.value.fileDescriptorProto.map((bytes) =>
      fromBinary(FileDescriptorProtoSchema, bytes),
    );
    expect(first?.name).toBe("postrider/v1/subscription.proto");
    // The registry wants each file after its imports; it throws when one is missing.
    const files = [...imports, ...(first ? [first] : [])].toSorted((a, b) => a.dependency.length - b.dependency.length);
    const registry = createFileRegistry({ $typeName: FileDescriptorSetSchema.typeName, file: files });
    const message = registry.getMessage("postrider.v1.Subscription");
    expect(message?.field["createTime"]?.message?.typeName).toBe("google.protobuf.Timestamp");
    expect(message?.field["headers"]).toMatchObject({ fieldKind: "map", mapKind: "scalar" });
  });

  test("describes a file by its name", async () => {
    const name = "google/protobuf/timestamp.proto";
    const answer = await reflect(await serve(async () => accepted), { $case: "fileByFilename", value: name });
    if (answer.$case !== "fileDescriptorResponse") throw new Error(JSON.stringify(answer));
    const [file] = answer.value.fileDescriptorProto.map((bytes) => fromBinary(FileDescriptorProtoSchema, bytes));
    expect(file?.name).toBe(name);
  });

  test("says what it can't describe, and what it can't do", async () => {
    const server = await serve(async () => accepted);
    expect(await reflect(server, { $case: "fileContainingSymbol", value: "no.such.Thing" })).toEqual({
      $case: "errorResponse",
      value: { errorCode: status.NOT_FOUND, errorMessage: "no.such.Thing is not described here" },
    });
    expect(await reflect(server, { $case: "allExtensionNumbersOfType", value: "x" })).toMatchObject({
      $case: "errorResponse",
      value: { errorCode: status.UNIMPLEMENTED },
    });
  });
});
