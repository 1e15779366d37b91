import { credentials, status } from "@grpc/grpc-js";
import { HealthClient, HealthCheckResponse_ServingStatus as Serving } from "@postrider/contracts/grpc/health/v1/health";
import { ServerReflectionClient } from "@postrider/contracts/grpc/reflection/v1/reflection";
import {
  EventTypeServiceClient,
  EventTypeServiceService,
  type EventTypeChange,
  type GetEventTypeRequest,
  type GetEventTypeResponse,
  type WatchEventTypesRequest,
} from "@postrider/contracts/postrider/v1/event_type";
import { describe, expect, onTestFinished, test } from "vitest";
import {
  call,
  callStream,
  callWatch,
  connectRpc,
  LateMessage,
  type Produce,
  readErrorDetails,
  type RpcConnection,
  type RpcServer,
  serverStream,
  startRpcServer,
  unary,
} from "./index.ts";
import { accessForEverybody, startTcpProxy, type TcpProxy } from "./testing/index.ts";

type Watch = Produce<WatchEventTypesRequest, EventTypeChange>;
type Connection = RpcConnection<EventTypeServiceClient>;

const found: GetEventTypeResponse = { eventType: undefined };

async function serve(
  watch: Watch,
  { address = "127.0.0.1:0", get = async (): Promise<GetEventTypeResponse> => found } = {},
): Promise<RpcServer> {
  const other = unary(async (): Promise<never> => Promise.reject(new Error("not served")));
  const implementation = {
    ...{ createEventType: other, listEventTypes: other, updateEventType: other, deprecateEventType: other },
    getEventType: unary<GetEventTypeRequest, GetEventTypeResponse>(get),
    watchEventTypes: serverStream(watch),
  };
  const definition = EventTypeServiceService;
  const access = accessForEverybody(definition);
  const service = { name: "postrider.v1.EventTypeService", definition, implementation, access };
  const server = await startRpcServer({ address, services: [service], maxMessageBytes: 64 * 1024 });
  onTestFinished(async () => server.close(0));
  return server;
}

function connect(address: string): Connection {
  const connection = connectRpc(EventTypeServiceClient, { address, maxMessageBytes: 64 * 1024 });
  onTestFinished(connection.close);
  return connection;
}

async function proxyTo(server: { readonly address: string }): Promise<TcpProxy> {
  const proxy = await startTcpProxy(() => server.address);
  onTestFinished(proxy.close);
  return proxy;
}

/** A watch over the connection; `next` waits for the next name. */
function watch(connection: Connection, signal = new AbortController().signal) {
  const changes = callWatch(connection, (client) => client.watchEventTypes.bind(client), {
    request: { afterRevision: 0n },
    signal,
  });
  onTestFinished(async () => {
    await changes.return();
  });
  return { next: async (): Promise<string | undefined> => (await changes.next()).value?.name };
}

function change(name: string): EventTypeChange {
  return { revision: 1n, name };
}

/** Tells one thing at once, and then nothing until its signal aborts. */
const endless: Watch = async function* (_, signal) {
  yield change("first");
  await new Promise((resolve) => {
    signal.addEventListener("abort", resolve);
  });
};

async function failureOf(outcome: Promise<unknown>): Promise<unknown> {
  return outcome.then(
    () => {
      throw new Error("it did not fail");
    },
    (error: unknown) => error,
  );
}

async function ask(connection: Connection): Promise<unknown> {
  const client = connection.client();
  return call(client.getEventType.bind(client), { name: "x" }, { deadline: new Date(Date.now() + 5000) });
}

describe("a stream", () => {
  test("gives what the server sends, and ends with it", async () => {
    const server = await serve(async function* () {
      yield* await Promise.resolve([change("a"), change("b")]);
    });
    const { next } = watch(connect(server.address));
    expect([await next(), await next(), await next()]).toEqual(["a", "b", undefined]);
  });

  test("that fails says how", async () => {
    const server = await serve(() => {
      throw new TypeError("a secret");
    });
    const failure = await failureOf(watch(connect(server.address)).next());
    expect(readErrorDetails(failure)).toMatchObject({ code: "INTERNAL", message: "internal error" });
  });

  test("is cancelled by its signal, here and at the server", async () => {
    const left = Promise.withResolvers<undefined>();
    const server = await serve(async function* (_, signal) {
      signal.addEventListener("abort", () => {
        left.resolve(undefined);
      });
      yield* endless({ afterRevision: 0n }, signal);
    });
    const ending = new AbortController();
    const { next } = watch(connect(server.address), ending.signal);
    expect(await next()).toBe("first");
    const after = next();
    ending.abort();
    expect(await after).toBeUndefined();
    await left.promise;
  });

  test("is not called at all when its signal has aborted before", async () => {
    let calls = 0;
    const server = await serve((request, signal) => {
      calls += 1;
      return endless(request, signal);
    });
    const connection = connect(server.address);
    expect(await watch(connection, AbortSignal.abort()).next()).toBeUndefined();
    await ask(connection);
    expect(calls).toBe(0);
  });

  test("whose reader leaves the loop is cancelled at the server", async () => {
    const left = Promise.withResolvers<undefined>();
    const server = await serve(async function* () {
      try {
        for (;;) yield await Promise.resolve(change("more"));
      } finally {
        left.resolve(undefined);
      }
    });
    const client = connect(server.address).client();
    const { signal } = new AbortController();
    for await (const { name } of callStream(client.watchEventTypes.bind(client), { afterRevision: 0n }, { signal })) {
      expect(name).toBe("more");
      break;
    }
    await left.promise;
  });

  test("whose reader is slow holds back the server", async () => {
    let made = 0;
    const server = await serve(async function* () {
      for (;;) {
        made += 1;
        yield await Promise.resolve(change("x".repeat(10_000)));
      }
    });
    const connection = connect(server.address);
    const { next } = watch(connection);
    await next();
    // Other calls go there and back on the same connection: time for far more than its windows hold.
    for (let round = 0; round < 200; round += 1) await ask(connection);
    expect(made).toBeLessThan(200);
  });

  test("whose first message is late fails, and its connection is made anew", async () => {
    const server = await serve(async function* (request, signal) {
      await new Promise((resolve) => {
        signal.addEventListener("abort", resolve);
      });
      yield* endless(request, signal);
    });
    const connection = connect(server.address);
    const before = connection.client();
    const changes = callStream(
      before.watchEventTypes.bind(before),
      { afterRevision: 0n },
      {
        ...{ signal: new AbortController().signal, firstMessageMs: 20 },
      },
    );
    expect(await failureOf(changes.next())).toBeInstanceOf(LateMessage);
    expect(await failureOf(watch(connection).next())).toBeInstanceOf(LateMessage);
    expect(connection.client()).not.toBe(before);
  });
});

describe("a server that closes", () => {
  test("ends the streams that are open at once, and tells them that it is away", async () => {
    const server = await serve(endless);
    const { next } = watch(connect(server.address));
    await next();
    const ended = failureOf(next());
    // Its grace is far longer than the test may take.
    await server.close(600_000);
    expect(await ended).toMatchObject({ code: status.UNAVAILABLE });
  });

  test("ends health watches and reflection too, behind what they have to tell", async () => {
    const server = await serve(endless);
    const health = new HealthClient(server.address, credentials.createInsecure());
    const reflection = new ServerReflectionClient(server.address, credentials.createInsecure());
    onTestFinished(() => {
      health.close();
      reflection.close();
    });
    const watching = health.watch({ service: "" });
    watching.on("error", () => undefined);
    const seen = watching[Symbol.asyncIterator]() as AsyncIterator<{ status: Serving }>;
    expect((await seen.next()).value).toMatchObject({ status: Serving.SERVING });
    const asking = reflection.serverReflectionInfo();
    asking.on("error", () => undefined);
    asking.write({ host: "", messageRequest: { $case: "listServices", value: "" } });
    await asking[Symbol.asyncIterator]().next();
    const closed = server.close(600_000);
    expect((await seen.next()).value).toMatchObject({ status: Serving.NOT_SERVING });
    await closed;
  });

  test("lets unary calls end before it is closed", async () => {
    const [arrived, release] = [Promise.withResolvers<undefined>(), Promise.withResolvers<GetEventTypeResponse>()];
    const get = async (): Promise<GetEventTypeResponse> => {
      arrived.resolve(undefined);
      return release.promise;
    };
    const server = await serve(endless, { get });
    const connection = connect(server.address);
    const { next } = watch(connection);
    await next();
    const asking = ask(connection);
    await arrived.promise;
    const [ended, closed] = [failureOf(next()), server.close(600_000)];
    await ended;
    release.resolve(found);
    await expect(asking).resolves.toEqual(found);
    await closed;
  });
});

describe("a connection", () => {
  test("is used again soon after the server is back", async () => {
    const first = await serve(endless);
    const connection = connect(first.address);
    await ask(connection);
    await first.close(0);
    expect(await failureOf(ask(connection))).toMatchObject({ code: status.UNAVAILABLE });
    await serve(endless, { address: first.address });
    const backMs = performance.now();
    while ((await ask(connection).catch(() => undefined)) === undefined) await new Promise(setImmediate);
    expect(performance.now() - backMs).toBeLessThan(4000);
  });

  test("that falls silent is noticed within seconds, and one that hangs from the start too", async () => {
    const server = await serve(endless);
    const proxy = await proxyTo(server);
    const connection = connect(proxy.address);
    const { next } = watch(connection);
    await next();
    const silentMs = performance.now();
    proxy.freeze();
    expect(await failureOf(next())).toMatchObject({ code: status.UNAVAILABLE });
    expect(performance.now() - silentMs).toBeLessThan(8000);
    // The proxy takes the new connection, but nothing comes: grpc-js alone would wait for ever.
    expect(await failureOf(watch(connection).next())).toBeInstanceOf(LateMessage);
    proxy.thaw();
    expect(await watch(connection).next()).toBe("first");
  });
});
