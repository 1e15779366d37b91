import { credentials, Metadata } from "@grpc/grpc-js";
import { HealthClient } from "@postrider/contracts/grpc/health/v1/health";
import { ServerReflectionClient } from "@postrider/contracts/grpc/reflection/v1/reflection";
import {
  EventTypeServiceClient,
  EventTypeServiceService,
  type GetEventTypeResponse,
} from "@postrider/contracts/postrider/v1/event_type";
import { describe, expect, onTestFinished, test } from "vitest";
import {
  call,
  type Caller,
  callerOf,
  callStream,
  type Doorkeeper,
  type ErrorDetails,
  type MethodAccess,
  readErrorDetails,
  RpcError,
  type RpcServer,
  serverStream,
  startRpcServer,
  unary,
} from "./index.ts";
import { accessForEverybody } from "./testing/index.ts";

type Access = Readonly<Record<string, MethodAccess>>;

const READ: MethodAccess = { scopes: ["read", "manage"], bound: "own" };
const ACCESS: Access = {
  ...accessForEverybody(EventTypeServiceService),
  getEventType: READ,
  listEventTypes: { scopes: ["read"], bound: "refused" },
  watchEventTypes: READ,
};

const CALLERS: Readonly<Record<string, Caller>> = {
  reader: { name: "reader", scopes: new Set(["read"]), boundTo: undefined },
  publisher: { name: "publisher", scopes: new Set(["publish"]), boundTo: undefined },
  acme: { name: "acme", scopes: new Set(["read"]), boundTo: "acme" },
};

/** Knows the callers above by their names, unless said otherwise. */
const byName: Doorkeeper = {
  identify: ({ metadata }) => {
    const caller = CALLERS[String(metadata.get("authorization")[0])];
    if (!caller) throw new RpcError("unauthenticated", "who are you?");
    return caller;
  },
};

interface Running {
  readonly server: RpcServer;
  /** Names of those whose calls came to a handler. */
  readonly served: string[];
}

async function serve(doorkeeper: Doorkeeper = byName, access: Access = ACCESS): Promise<Running> {
  const served: string[] = [];
  const other = unary(async (): Promise<never> => Promise.reject(new Error("not served")));
  const implementation = {
    ...{ createEventType: other, updateEventType: other, deprecateEventType: other },
    listEventTypes: unary(async () => ({ eventTypes: [], nextPageToken: "" })),
    getEventType: unary(async (_: unknown, incoming): Promise<GetEventTypeResponse> => {
      served.push(callerOf(incoming).name);
      return { eventType: undefined };
    }),
    watchEventTypes: serverStream(async function* (_: unknown, signal) {
      yield { revision: 1n, name: "" };
      await new Promise((resolve) => {
        signal.addEventListener("abort", resolve);
      });
    }),
  };
  const service = {
    name: "postrider.v1.EventTypeService",
    definition: EventTypeServiceService,
    implementation,
    access,
  };
  const server = await startRpcServer({
    address: "127.0.0.1:0",
    services: [service],
    maxMessageBytes: 1024,
    doorkeeper,
  });
  onTestFinished(async () => server.close(0));
  return { server, served };
}

function connect({ server }: Running): EventTypeServiceClient {
  const client = new EventTypeServiceClient(server.address, credentials.createInsecure());
  onTestFinished(() => {
    client.close();
  });
  return client;
}

function as(name: string): Metadata {
  const metadata = new Metadata();
  if (name !== "") metadata.set("authorization", name);
  return metadata;
}

async function getAs(running: Running, name: string, asked = "x"): Promise<unknown> {
  const client = connect(running);
  const settings = { deadline: new Date(Date.now() + 10_000), metadata: as(name) };
  return call(client.getEventType.bind(client), { name: asked }, settings);
}

async function failureOf(outcome: Promise<unknown>): Promise<ErrorDetails> {
  return outcome.then(
    () => expect.fail("the call succeeded"),
    (error: unknown) => readErrorDetails(error),
  );
}

describe("a server", () => {
  test("with a method that nobody has a rule for does not start, and names it", async () => {
    const { getEventType, ...rest } = ACCESS;
    expect(getEventType).toBeDefined();
    await expect(serve(byName, rest)).rejects.toThrow(
      "nobody says who may call /postrider.v1.EventTypeService/GetEventType",
    );
  });

  test("without a doorkeeper lets everybody do everything", async () => {
    const definition = EventTypeServiceService;
    const implementation = { getEventType: unary(async () => ({ eventType: undefined })) };
    const service = { name: "postrider.v1.EventTypeService", definition, implementation, access: ACCESS };
    const server = await startRpcServer({ address: "127.0.0.1:0", services: [service], maxMessageBytes: 1024 });
    onTestFinished(async () => server.close(0));
    await expect(getAs({ server, served: [] }, "")).resolves.toEqual({ eventType: undefined });
  });
});

describe("a call", () => {
  test("of a known caller with a scope of the method comes to the handler, which is told whose it is", async () => {
    const running = await serve();
    await getAs(running, "reader");
    await getAs(running, "acme");
    expect(running.served).toEqual(["reader", "acme"]);
  });

  test("waits, with its message, for who takes time to know its caller", async () => {
    const running = await serve({
      identify: async (incoming) => {
        await new Promise((resolve) => setImmediate(resolve));
        return byName.identify(incoming);
      },
    });
    await getAs(running, "reader");
    expect(await failureOf(getAs(running, "stranger"))).toMatchObject({ code: "UNAUTHENTICATED" });
    expect(running.served).toEqual(["reader"]);
  });

  test("of a stranger is refused before its message is read", async () => {
    const running = await serve();
    // Larger than the server takes: who reads it answers RESOURCE_EXHAUSTED.
    const failure = await failureOf(getAs(running, "stranger", "x".repeat(2048)));
    expect(failure).toEqual({ code: "UNAUTHENTICATED", message: "who are you?", violations: [] });
    expect((await failureOf(getAs(running, "reader", "x".repeat(2048)))).code).toBe("RESOURCE_EXHAUSTED");
    expect(running.served).toEqual([]);
  });

  test("without the scope is denied, and that is told", async () => {
    const denied: string[] = [];
    const running = await serve({
      ...byName,
      onDenied: ({ name }, method) => {
        denied.push(`${name} ${method}`);
      },
    });
    expect(await failureOf(getAs(running, "publisher"))).toMatchObject({
      code: "PERMISSION_DENIED",
      message: "it needs the scope read or manage",
    });
    expect(running.served).toEqual([]);
    expect(denied).toEqual(["publisher /postrider.v1.EventTypeService/GetEventType"]);
  });

  test("of a bound caller to what is not for bound ones is denied", async () => {
    const client = connect(await serve());
    const list = async (name: string): Promise<unknown> =>
      call(
        client.listEventTypes.bind(client),
        { pageSize: 0, pageToken: "" },
        {
          deadline: new Date(Date.now() + 10_000),
          metadata: as(name),
        },
      );
    await list("reader");
    expect(await failureOf(list("acme"))).toMatchObject({ code: "PERMISSION_DENIED" });
  });

  test("is refused when the doorkeeper itself fails, without a word why", async () => {
    const running = await serve({
      identify: () => {
        throw new TypeError("password is hunter2");
      },
    });
    expect(await failureOf(getAs(running, "reader"))).toEqual({
      code: "INTERNAL",
      message: "internal error",
      violations: [],
    });
    expect(running.served).toEqual([]);
  });
});

test("a stream ends soon after its caller is no longer known, with the reason", async () => {
  let isRevoked = false;
  const client = connect(
    await serve({
      identify: (incoming) => {
        if (isRevoked) throw new RpcError("unauthenticated", "who are you?");
        return byName.identify(incoming);
      },
    }),
  );
  const signal = new AbortController().signal;
  const stream = callStream(
    client.watchEventTypes.bind(client),
    { afterRevision: 0n },
    { signal, metadata: as("reader") },
  );
  await stream.next();
  const end = stream.next();
  isRevoked = true;
  expect(await failureOf(end)).toMatchObject({ code: "UNAUTHENTICATED", message: "who are you?" });
});

describe("beside the services", () => {
  test("health answers everybody", async () => {
    const { server } = await serve();
    const client = new HealthClient(server.address, credentials.createInsecure());
    onTestFinished(() => {
      client.close();
    });
    await call(client.check.bind(client), { service: "" }, { deadline: new Date(Date.now() + 10_000) });
  });

  test("reflection answers any known caller, and no stranger", async () => {
    const { server } = await serve();
    const client = new ServerReflectionClient(server.address, credentials.createInsecure());
    onTestFinished(() => {
      client.close();
    });
    const ask = async (name: string): Promise<unknown> =>
      new Promise((resolve, reject) => {
        const stream = client.serverReflectionInfo(as(name));
        stream.once("data", resolve);
        stream.once("error", reject);
        stream.end({ host: "", messageRequest: { $case: "listServices", value: "" } });
      });
    await ask("publisher");
    expect(await failureOf(ask("stranger"))).toMatchObject({ code: "UNAUTHENTICATED" });
  });
});
