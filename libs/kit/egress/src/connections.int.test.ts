import { systemClock } from "@postrider/kit-lifecycle";
import {
  createTestAuthority,
  deferredPromise,
  FakeClock,
  startConnectProxy,
  startReceiver,
  type ConnectProxy,
  type Receiver,
  type ReceiverOptions,
  type Route,
} from "@postrider/testing";
import { createServer, type TLSSocket } from "node:tls";
import { describe, expect, onTestFinished, test } from "vitest";

import { createEgress, type Egress, type EgressOptions, type EgressRequest } from "./egress.ts";
import { createEgressPolicy } from "./policy.ts";
import { parseProxy } from "./proxy-tunnel.ts";

const AMPLE_MS = 20_000;
const TIMEOUT_MS = 200;

const loopback = createEgressPolicy({ allowedRanges: ["127.0.0.0/8"], allowHttp: true, ports: "any" });
const publicOnly = createEgressPolicy({ allowedRanges: [], allowHttp: true, ports: "any" });
const authority = createTestAuthority();
const shop = authority.issue({ commonName: "shop.example", dnsNames: ["shop.example"], ipAddresses: ["127.0.0.1"] });

describe("a connection in use", () => {
  test("is made again after its time, and the name looked up again", async () => {
    const clock = new FakeClock();
    const receiver = await receiving();
    let lookups = 0;
    const egress = opened({
      clock,
      limits: { connectionsPerOrigin: 1, maxConnectionAgeMs: 60_000, idlePoolMs: 3_600_000 },
      resolveHost: (_hostname, _options, callback) => {
        lookups += 1;
        callback(null, [{ address: "127.0.0.1", family: 4 }]);
      },
    });
    const send = async (): Promise<void> => {
      const result = await egress.send(requestTo(`http://shop.example:${receiver.port}/hook`));
      expect(result).toMatchObject({ kind: "responded", status: 200 });
    };

    await send();
    clock.advance(59_000);
    await send();
    expect([receiver.connectionCount(), lookups]).toEqual([1, 1]);

    clock.advance(1000);
    await send();
    expect([receiver.connectionCount(), lookups]).toEqual([1, 1]);
    expect(receiver.requests.at(-1)?.headers.connection).toBe("close");
    await receiver.waitForOpenConnections(0);

    await send();
    expect([receiver.connectionCount(), lookups]).toEqual([2, 2]);
    expect(receiver.requests.at(-1)?.headers.connection).toBe("keep-alive");
  });

  test("is made again too while requests queue for it", async () => {
    const clock = new FakeClock();
    const gate = deferredPromise();
    const receiver = await receiving({
      answer: async (_request, index) => (index === 0 ? gate.promise.then(() => ({})) : {}),
    });
    const egress = opened({
      clock,
      limits: { connectionsPerOrigin: 1, maxConnectionAgeMs: 1000, idlePoolMs: 3_600_000 },
    });

    const sending = Array.from({ length: 5 }, () => egress.send(requestTo(receiver.url)));
    await receiver.waitFor(1);
    clock.advance(1000);
    gate.resolve(undefined);

    expect((await Promise.all(sending)).map(({ kind }) => kind)).toEqual(sending.map(() => "responded"));
    // The second request was the last of the first connection.
    expect(receiver.requests.map(({ headers }) => headers.connection)).toEqual([
      ...["keep-alive", "close", "keep-alive", "keep-alive", "keep-alive"],
    ]);
    expect(receiver.connectionCount()).toBe(2);
  });
});

describe("over TLS, a receiver", () => {
  test.each([
    ["by its name", "shop.example", "shop.example"],
    ["by its name without the root's dot", "shop.example.", "shop.example"],
    ["by no name where the URL has an address", "127.0.0.1", false],
  ])("is asked for %s", async (_name, host, servername) => {
    const asked: (string | false | null)[] = [];
    const server = createServer({ ...shop, ALPNProtocols: ["http/1.1"] }, (socket: TLSSocket) => {
      asked.push(socket.servername);
      socket.on("error", () => undefined).once("data", () => socket.end("HTTP/1.1 204 No Content\r\n\r\n"));
    });
    const port = await new Promise<number>((resolve) => {
      server.listen(0, "127.0.0.1", () => {
        resolve((server.address() as { port: number }).port);
      });
    });
    onTestFinished(() => void server.close());
    const egress = opened({ authorities: [authority.cert] });

    expect(await egress.send(requestTo(`https://${host}:${port}/`))).toMatchObject({ status: 204 });
    expect(asked).toEqual([servername]);
  });

  test("gets one connection for many requests, and sessions are resumed on the next within its time only", async () => {
    const clock = new FakeClock();
    const resumed: boolean[] = [];
    const server = createServer(shop, (socket: TLSSocket) => {
      resumed.push(socket.isSessionReused());
      socket
        .on("error", () => undefined)
        .once("data", () => socket.end("HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n"));
    });
    const port = await new Promise<number>((resolve) => {
      server.listen(0, "127.0.0.1", () => {
        resolve((server.address() as { port: number }).port);
      });
    });
    onTestFinished(() => void server.close());
    const egress = opened({
      clock,
      authorities: [authority.cert],
      limits: { maxConnectionAgeMs: 60_000, idlePoolMs: 3_600_000 },
    });
    const send = async (): Promise<void> => {
      expect(await egress.send(requestTo(`https://127.0.0.1:${port}/`))).toMatchObject({ status: 204 });
    };

    await send();
    clock.advance(40_000);
    await send();
    clock.advance(40_000);
    await send();
    await send();

    // The third comes 80 s after the certificate was looked at, though the session was used in between.
    expect(resumed).toEqual([false, true, false, true]);
  });
});

describe("through a proxy", () => {
  test("plain and secure requests arrive as they would without it, by a tunnel to the name", async () => {
    const [plain, secure] = [await receiving(), await receiving({ tls: shop })];
    const proxy = await proxying(({ authority: to }) => ({
      port: to === "shop.example:80" ? plain.port : secure.port,
    }));
    const egress = opened({
      ...{ policy: publicOnly, authorities: [authority.cert], limits: { connectionsPerOrigin: 1 } },
      ...via(proxy),
    });

    expect(await egress.send(requestTo("http://shop.example/a"))).toMatchObject({ kind: "responded", status: 200 });
    expect(await egress.send(requestTo("https://shop.example/b"))).toMatchObject({ kind: "responded", status: 200 });
    expect(await egress.send(requestTo("https://shop.example/c"))).toMatchObject({ kind: "responded", status: 200 });
    expect(proxy.connects.map(({ authority: to }) => to)).toEqual(["shop.example:80", "shop.example:443"]);
    expect([plain, secure].map(({ requests }) => requests.map(({ url, headers }) => [url, headers.host]))).toEqual([
      [["/a", "shop.example"]],
      [
        ["/b", "shop.example"],
        ["/c", "shop.example"],
      ],
    ]);
  });

  test("TLS is end to end: a proxy that answers in the receiver's place is not believed", async () => {
    const impostor = await receiving({
      tls: createTestAuthority().issue({ commonName: "x", dnsNames: ["shop.example"] }),
    });
    const proxy = await proxying(() => ({ port: impostor.port }));
    const egress = opened({ policy: publicOnly, ...via(proxy) });

    expect(await egress.send(requestTo("https://shop.example/"))).toMatchObject({
      reason: "tls",
      detail: "certificate_untrusted",
    });
    expect(impostor.requests).toEqual([]);
  });

  test.each([
    "http://10.0.0.1/",
    "http://0xa9fea9fe/",
    "http://[::ffff:127.0.0.1]/",
    "http://metadata.google.internal/",
    "http://localhost/",
  ])("what a URL says by itself is refused as ever, and the proxy is not asked: %s", async (url) => {
    const proxy = await proxying(() => 502);
    const result = await opened({ policy: publicOnly, ...via(proxy) }).send(requestTo(url));

    expect(result).toMatchObject({ kind: "refused" });
    expect(proxy.connectionCount()).toBe(0);
  });

  test.each(["127.0.0.1", "localhost"])(
    "loopback that is allowed is this machine's, not the proxy's: %s",
    async (host) => {
      const receiver = await receiving();
      const proxy = await proxying(() => 502);
      const result = await opened(via(proxy)).send(requestTo(`http://${host}:${receiver.port}/hook`));

      expect(result).toMatchObject({ kind: "responded" });
      expect(proxy.connectionCount()).toBe(0);
    },
  );

  test("the proxy is told who asks", async () => {
    const receiver = await receiving();
    const proxy = await proxying(() => ({ port: receiver.port }));
    const egress = opened(via({ url: proxy.url.replace("//", "//postrider:s%40cret@") }));

    await egress.send(requestTo("http://shop.example/"));
    expect(proxy.connects).toMatchObject([
      { authorization: `Basic ${Buffer.from("postrider:s@cret").toString("base64")}` },
    ]);
    expect(receiver.requests[0]?.headers).not.toHaveProperty("proxy-authorization");
  });

  test.each<[string, ReturnType<Route>, string]>([
    ["refuses", 403, "the proxy answered CONNECT with 403"],
    ["wants credentials", 407, "the proxy answered CONNECT with 407"],
    ["speaks something else", "220 mail.example ESMTP\r\n\r\n", "the proxy's answer to CONNECT is not HTTP"],
    ["answers without end", `HTTP/1.1 200 OK\r\nx: ${"x".repeat(20_000)}`, "the proxy's answer to CONNECT is not HTTP"],
    [
      "lets the receiver speak first",
      "HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
      "the proxy's answer to CONNECT has more behind it",
    ],
  ])("that %s nothing is sent", async (_name, answer, message) => {
    const proxy = await proxying(() => answer);
    const result = await opened(via(proxy)).send(requestTo("http://shop.example/"));

    expect(result).toMatchObject({ kind: "unreachable", reason: "connect", detail: "proxy", message });
    await proxy.waitForOpenConnections(0);
  });

  test("that never answers nothing is sent", async () => {
    const proxy = await proxying(() => undefined);
    const result = await opened(via(proxy)).send({ ...requestTo("http://shop.example/"), timeoutMs: TIMEOUT_MS });

    expect(result).toMatchObject({ kind: "unreachable", reason: "timeout", detail: "connection" });
    await proxy.waitForOpenConnections(0);
  });

  test("that is not there nothing is sent", async () => {
    const gone = await proxying(() => 502);
    await gone.close();
    expect(await opened(via(gone)).send(requestTo("http://shop.example/"))).toMatchObject({
      kind: "unreachable",
      reason: "connect",
    });
  });
});

/** An egress that may call 127.0.0.1 and to which all names are there, closed at the end of the test. */
function opened(options: Partial<EgressOptions> = {}): Egress {
  const egress = createEgress({
    policy: loopback,
    clock: systemClock,
    resolveHost: (_hostname, _options, callback) => {
      callback(null, [{ address: "127.0.0.1", family: 4 }]);
    },
    ...options,
  });
  onTestFinished(async () => egress.close(0));
  return egress;
}

async function receiving(options?: ReceiverOptions): Promise<Receiver> {
  const receiver = await startReceiver(options);
  onTestFinished(receiver.close);
  return receiver;
}

async function proxying(route: Route): Promise<ConnectProxy> {
  const proxy = await startConnectProxy(route);
  onTestFinished(proxy.close);
  return proxy;
}

/** A proxy resolves the names: nobody else is to be asked. */
function via({ url }: { readonly url: string }): Partial<EgressOptions> {
  const parsed = parseProxy(url);
  if (parsed.kind === "wrong") expect.fail(`${url} should be ${parsed.wanted}`);
  return { proxy: parsed.value, resolveHost: () => expect.fail("a name was looked up") };
}

function requestTo(url: string): EgressRequest {
  return { url, method: "POST", headers: {}, body: Buffer.from("{}"), timeoutMs: AMPLE_MS, keepBodyBytes: 0 };
}
