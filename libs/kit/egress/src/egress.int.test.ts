import { rootCertificates, setDefaultCACertificates } from "node:tls";

import { systemClock, type Clock } from "@postrider/kit-lifecycle";
import {
  createSelfSignedCertificate,
  deferredPromise,
  startHostileReceiver,
  startReceiver,
  type HostileKind,
  type HostileReceiver,
  type Receiver,
  type ReceiverOptions,
} from "@postrider/testing";
import { describe, expect, onTestFinished, test } from "vitest";

import { createEgress, type Egress, type EgressOptions, type EgressRequest } from "./egress.ts";
import { createEgressPolicy } from "./policy.ts";
import type { Unreachable } from "./result.ts";

/** For requests that are to run into it. */
const TIMEOUT_MS = 150;
/** For all others: busy machines are slow. */
const AMPLE_MS = 20_000;

const loopback = createEgressPolicy({ allowedRanges: ["127.0.0.0/8"], allowHttp: true, ports: "any" });
const publicOnly = createEgressPolicy({ allowedRanges: [], allowHttp: true, ports: "any" });

describe("an answer", () => {
  test.each([200, 204, 404, 410, 500, 503])("of status %i is reported, whatever it says", async (status) => {
    const receiver = await receiving({ answer: { status } });
    const egress = opened();

    expect(await egress.send(request(receiver))).toMatchObject({ kind: "responded", status, isTruncated: false });
  });

  test("carries its body up to the wanted length, its retry-after and its time", async () => {
    const receiver = await receiving({ answer: { status: 429, body: "slow down", headers: { "retry-after": "120" } } });
    const egress = opened();

    const result = await egress.send({ ...request(receiver), keepBodyBytes: 4 });

    expect(result).toMatchObject({ kind: "responded", status: 429, retryAfter: "120" });
    if (result.kind !== "responded") return;
    expect(Buffer.from(result.body).toString()).toBe("slow");
    expect(result.durationUs).toBeGreaterThan(0);
  });

  test("carries the headers that are wanted, and no others", async () => {
    const headers = { "WebHook-Allowed-Origin": "*", "x-other": "1" };
    const receiver = await receiving({ answer: { headers } });
    const egress = opened();

    const keepHeaders = ["webhook-allowed-origin", "webhook-allowed-rate"];
    const result = await egress.send({ ...request(receiver), keepHeaders });
    expect(result).toHaveProperty("headers", { "webhook-allowed-origin": "*" });
    expect(await egress.send(request(receiver))).not.toHaveProperty("headers");
  });

  test("that redirects is not followed", async () => {
    const elsewhere = await receiving();
    const receiver = await receiving({ answer: { status: 307, headers: { location: elsewhere.url } } });

    expect(await opened().send(request(receiver))).toMatchObject({ kind: "responded", status: 307 });
    expect(elsewhere.requests).toHaveLength(0);
  });

  test("is for the request as it was given: method, path, headers, bytes, and no compression", async () => {
    const receiver = await receiving();
    const body = Uint8Array.from({ length: 256 }, (_, index) => index);
    const headers = { "webhook-id": "evt_1", "content-type": "application/json", "accept-encoding": "gzip" };
    await opened().send({ ...request(receiver), url: `${receiver.url}?a=1&b=%20`, method: "PATCH", headers, body });

    const [received] = receiver.requests;
    expect(received).toMatchObject({
      method: "PATCH",
      url: "/hook?a=1&b=%20",
      headers: { ...headers, "accept-encoding": "identity", "content-length": "256" },
    });
    expect(received?.body.equals(body)).toBe(true);
  });

  test("may come to a request without a body", async () => {
    const receiver = await receiving();
    await opened().send({ url: receiver.url, method: "GET", headers: {}, timeoutMs: AMPLE_MS, keepBodyBytes: 0 });
    expect(receiver.requests[0]).toMatchObject({ method: "GET", body: Buffer.alloc(0) });
    expect(receiver.requests[0]?.headers).not.toHaveProperty("content-length");
  });
});

describe("a hostile receiver", () => {
  test.each<[HostileKind, Unreachable["reason"]]>([
    ["silent", "timeout"],
    ["drip-headers", "timeout"],
    ["drip-body", "timeout"],
    ["early-close", "reset"],
    ["reset", "reset"],
    ["garbage", "protocol"],
    ["wrong-length", "reset"],
    ["huge-headers", "protocol"],
    ["endless-informational", "protocol"],
  ])("%s is unreachable by %s, and its connection is cut", async (kind, reason) => {
    const hostile = await hostileReceiving(kind);
    const timeoutMs = reason === "timeout" ? TIMEOUT_MS : AMPLE_MS;
    const result = await opened().send({ ...request(hostile), timeoutMs });

    expect(result).toMatchObject({ kind: "unreachable", reason });
    if (result.kind === "unreachable" && reason === "timeout") {
      expect(result.durationUs).toBeGreaterThanOrEqual(TIMEOUT_MS * 1000);
      expect(result.message).toMatch(/^no (complete )?answer within 150 ms$/u);
    }
    await hostile.waitForOpenConnections(0);
  });

  test("with an endless body is cut at the cap, and its status counts", async () => {
    const hostile = await hostileReceiving("endless-body");
    const result = await opened({ limits: { maxResponseBytes: 1000 } }).send({
      ...request(hostile),
      keepBodyBytes: 10,
    });

    expect(result).toMatchObject({ kind: "responded", status: 200, isTruncated: true });
    if (result.kind === "responded") expect(result.body).toHaveLength(10);
    await hostile.waitForOpenConnections(0);
  });

  test("whose body ends in the chunk that crosses the cap does not upset the next request", async () => {
    const receiver = await receiving({ answer: { body: "x".repeat(2000), headers: { connection: "close" } } });
    const egress = opened({ limits: { maxResponseBytes: 1000 } });

    expect(await egress.send(request(receiver))).toMatchObject({ kind: "responded", isTruncated: true });
    receiver.answer({ body: "x".repeat(1000) });
    expect(await egress.send(request(receiver))).toMatchObject({ kind: "responded", isTruncated: false });
  });

  test("that never answers frees its only connection for the next request", async () => {
    const gate = deferredPromise();
    const receiver = await receiving({
      answer: async (_request, index) => {
        if (index === 0) await gate.promise;
        return { status: 202 };
      },
    });
    const egress = opened({ limits: { connectionsPerOrigin: 1 } });

    const [first, second] = await Promise.all([
      egress.send({ ...request(receiver), timeoutMs: TIMEOUT_MS }),
      egress.send(request(receiver)),
    ]);
    gate.resolve(undefined);

    expect(first).toMatchObject({ kind: "unreachable", reason: "timeout" });
    expect(second).toMatchObject({ kind: "responded", status: 202 });
  });

  test("does not delay another one", async () => {
    const silent = await hostileReceiving("silent");
    const receiver = await receiving();
    const egress = opened();
    const stuck = egress.send(request(silent));
    const results = await Promise.all(Array.from({ length: 50 }, () => egress.send(request(receiver))));

    expect(results.every(({ kind }) => kind === "responded")).toBe(true);
    await silent.close();
    expect(await stuck).toMatchObject({ kind: "unreachable", reason: "reset" });
  });
});

describe("a request that waits for a connection", () => {
  test("expires there, and is not sent later", async () => {
    const gate = deferredPromise();
    const receiver = await receiving({ answer: () => gate.promise.then(() => ({})) });
    const egress = opened({ limits: { connectionsPerOrigin: 1 } });
    const first = egress.send(request(receiver));
    await receiver.waitFor(1);

    const expired = await egress.send({ ...request(receiver), timeoutMs: TIMEOUT_MS });
    gate.resolve(undefined);
    await first;
    const last = await egress.send({ ...request(receiver), method: "PUT" });

    expect(expired).toMatchObject({ reason: "timeout", message: "no connection within 150 ms" });
    expect(last).toMatchObject({ kind: "responded" });
    expect(receiver.requests.map(({ method }) => method)).toEqual(["POST", "PUT"]);
    expect(receiver.connectionCount()).toBe(1);
  });

  test("to a name that never resolves leaves nothing behind when it expires", async () => {
    const resolveHost = (): void => undefined;
    const egress = opened({ resolveHost, limits: { requestsPerOrigin: 2 } });
    const stuck = { ...request({ url: "http://stuck.example/" }), timeoutMs: 100 };

    const results = await Promise.all([egress.send(stuck), egress.send(stuck)]);

    expect(results).toMatchObject([{ reason: "timeout" }, { reason: "timeout" }]);
    // Were the two still held, this would be turned away.
    expect(await egress.send(stuck)).toMatchObject({ reason: "timeout", message: "no connection within 100 ms" });
  });

  test("is turned away when the origin holds too many", async () => {
    const silent = await hostileReceiving("silent");
    const egress = opened({ limits: { connectionsPerOrigin: 1, requestsPerOrigin: 2 } });

    const results = await Promise.all([1, 2, 3].map(() => egress.send({ ...request(silent), timeoutMs: TIMEOUT_MS })));

    expect(results.map((result) => result.kind === "unreachable" && result.reason)).toEqual([
      "timeout",
      "timeout",
      "connect",
    ]);
  });
});

describe("a connection that can't be made", () => {
  test("to a closed port is a connect failure", async () => {
    const receiver = await startReceiver();
    await receiver.close();
    expect(await opened().send(request(receiver))).toMatchObject({ kind: "unreachable", reason: "connect" });
  });

  test("to a name that does not exist is a dns failure", async () => {
    const egress = opened({
      // What dns.lookup does, at once and without asking the network.
      resolveHost: (hostname, _options, callback) => {
        const message = `getaddrinfo ENOTFOUND ${hostname}`;
        callback(Object.assign(new Error(message), { code: "ENOTFOUND", syscall: "getaddrinfo" }), undefined);
      },
    });
    expect(await egress.send(request({ url: "http://nowhere.invalid/" }))).toMatchObject({
      kind: "unreachable",
      reason: "dns",
      message: "getaddrinfo ENOTFOUND nowhere.invalid",
    });
  });

  test("to a port that speaks no TLS is a tls failure", async () => {
    const receiver = await receiving();
    const result = await opened().send(request({ url: receiver.url.replace("http:", "https:") }));
    expect(result).toMatchObject({ kind: "unreachable", reason: "tls" });
  });

  test("to a certificate that nobody vouches for is a tls failure, and works once it is trusted", async () => {
    const tls = createSelfSignedCertificate();
    const receiver = await receiving({ tls });
    expect(await opened().send(request(receiver))).toMatchObject({ kind: "unreachable", reason: "tls" });

    setDefaultCACertificates([...rootCertificates, tls.cert]);
    onTestFinished(() => {
      setDefaultCACertificates(rootCertificates);
    });
    expect(await opened().send(request(receiver))).toMatchObject({ kind: "responded", status: 200 });
  });

  test("to a certificate of another name is a tls failure", async () => {
    const tls = createSelfSignedCertificate();
    const receiver = await receiving({ tls });
    setDefaultCACertificates([...rootCertificates, tls.cert]);
    onTestFinished(() => {
      setDefaultCACertificates(rootCertificates);
    });
    const egress = opened({ resolveHost: answering("127.0.0.1") });
    const result = await egress.send(request({ url: `https://shop.example:${receiver.port}/` }));
    expect(result).toMatchObject({ kind: "unreachable", reason: "tls" });
  });
});

describe("a private address", () => {
  test.each(["127.0.0.1", "127.1", "2130706433", "0x7f000001", "[::ffff:127.0.0.1]", "localhost"])(
    "is not connected to: %s",
    async (host) => {
      const receiver = await receiving();
      const result = await opened({ policy: publicOnly }).send(request({ url: `http://${host}:${receiver.port}/` }));

      expect(result.kind).toBe("refused");
      expect(receiver.connectionCount()).toBe(0);
    },
  );

  test.each([[["127.0.0.1"]], [["8.8.8.8", "127.0.0.1"]]])(
    "is not connected to when a name resolves to %j",
    async (addresses) => {
      const receiver = await receiving();
      const egress = opened({ policy: publicOnly, resolveHost: answering(...addresses) });
      const result = await egress.send(request({ url: `http://rebound.example:${receiver.port}/` }));

      expect(result).toEqual({
        kind: "refused",
        reason: "private_address",
        message: "rebound.example resolves to 127.0.0.1: 127.0.0.1 is not a public address",
      });
      expect(receiver.connectionCount()).toBe(0);
    },
  );

  test("of loopback that is allowed is connected to as localhost, whatever else that name has", async () => {
    const receiver = await receiving();
    const result = await opened().send(request({ url: `http://localhost:${receiver.port}/hook` }));

    expect(result).toMatchObject({ kind: "responded", status: 200 });
  });

  test("that is allowed is connected to, by name too", async () => {
    const receiver = await receiving();
    const egress = opened({ resolveHost: answering("127.0.0.1") });
    const result = await egress.send(request({ url: `http://shop.example:${receiver.port}/hook` }));

    expect(result).toMatchObject({ kind: "responded", status: 200 });
    expect(receiver.requests[0]?.headers.host).toBe(`shop.example:${receiver.port}`);
  });
});

describe("a malformed request", () => {
  test.each<[string, Partial<EgressRequest>]>([
    ["a line break in a header", { headers: { "x-a": "1\r\nx-b: 2" } }],
    ["a blank in a header's name", { headers: { "x a": "1" } }],
    ["a method that is no token", { method: "PO ST" }],
  ])("is refused: %s", async (_name, part) => {
    const receiver = await receiving();
    const result = await opened().send({ ...request(receiver), ...part });

    expect(result).toMatchObject({ kind: "refused", reason: "bad_request" });
    expect(receiver.connectionCount()).toBe(0);
  });
});

describe("the connections", () => {
  test("are reused, and not more than the limit", async () => {
    const receiver = await receiving();
    const egress = opened({ limits: { connectionsPerOrigin: 4 } });
    for (let round = 0; round < 5; round += 1) {
      await Promise.all(Array.from({ length: 20 }, () => egress.send(request(receiver))));
    }
    expect(receiver.requests).toHaveLength(100);
    expect(receiver.connectionCount()).toBe(4);
  });

  test("of an idle origin are closed after a while", async () => {
    const receiver = await receiving();
    const egress = opened({ limits: { idlePoolMs: 100 } });
    await egress.send(request(receiver));
    await receiver.waitForOpenConnections(0, 3000);

    expect(await egress.send(request(receiver))).toMatchObject({ kind: "responded" });
    expect(receiver.connectionCount()).toBe(2);
  });

  test("of an idle origin make room for another one's, those in use don't", async () => {
    const [receiver, other] = [await receiving(), await receiving()];
    const silent = await hostileReceiving("silent");
    const egress = opened({ limits: { maxOrigins: 1 } });
    await egress.send(request(receiver));
    expect(await egress.send(request(other))).toMatchObject({ kind: "responded" });
    await receiver.waitForOpenConnections(0);

    const stuck = egress.send({ ...request(silent), timeoutMs: TIMEOUT_MS });
    expect(await egress.send(request(receiver))).toMatchObject({ kind: "unreachable", reason: "connect" });
    expect(await stuck).toMatchObject({ reason: "timeout" });
    expect(await egress.send(request(receiver))).toMatchObject({ kind: "responded" });
  });

  test("need one timer for all deadlines, not one for each request", async () => {
    let timerCount = 0;
    const clock: Clock = {
      ...systemClock,
      after: (delayMs, callback) => {
        timerCount += 1;
        return systemClock.after(delayMs, callback);
      },
    };
    const receiver = await receiving();
    const egress = opened({ clock });
    const startedMs = performance.now();
    for (let round = 0; round < 10; round += 1) {
      await Promise.all(Array.from({ length: 50 }, () => egress.send(request(receiver))));
    }
    // One a tick, the first, and the sweep of idle origins.
    expect(timerCount).toBeLessThanOrEqual((performance.now() - startedMs) / 50 + 2);
  });
});

describe("closing", () => {
  test("waits for what is in flight, takes nothing more, and cuts the connections", async () => {
    const gate = deferredPromise();
    const receiver = await receiving({ answer: () => gate.promise.then(() => ({ status: 201 })) });
    const egress = opened();
    const inFlight = egress.send(request(receiver));
    await receiver.waitFor(1);

    const closed = egress.close();
    expect(await egress.send(request(receiver))).toMatchObject({
      kind: "unreachable",
      message: "the egress is closed",
    });
    expect(receiver.openConnectionCount()).toBe(1);
    gate.resolve(undefined);

    expect(await inFlight).toMatchObject({ kind: "responded", status: 201 });
    await closed;
    await receiver.waitForOpenConnections(0);
    expect(receiver.requests).toHaveLength(1);
  });

  test("waits no longer than the deadline of what never ends", async () => {
    const silent = await hostileReceiving("silent");
    const egress = opened();
    const stuck = egress.send({ ...request(silent), timeoutMs: TIMEOUT_MS });

    await egress.close();

    expect(await stuck).toMatchObject({ kind: "unreachable", reason: "timeout" });
    await egress.close();
  });
});

test("closing with a grace time cuts what does not end within it", async () => {
  const silent = await hostileReceiving("silent");
  const egress = opened();
  const stuck = egress.send({ ...request(silent), timeoutMs: 60_000 });
  await silent.waitForOpenConnections(1);
  await egress.close(10);
  expect(await stuck).toMatchObject({ kind: "unreachable" });
});

/** An egress that may call 127.0.0.1, closed at the end of the test. */
function opened(options: Partial<EgressOptions> = {}): Egress {
  const egress = createEgress({ policy: loopback, clock: systemClock, ...options });
  onTestFinished(async () => egress.close());
  return egress;
}

async function receiving(options?: ReceiverOptions): Promise<Receiver> {
  const receiver = await startReceiver(options);
  onTestFinished(receiver.close);
  return receiver;
}

async function hostileReceiving(kind: HostileKind): Promise<HostileReceiver> {
  const receiver = await startHostileReceiver(kind);
  onTestFinished(receiver.close);
  return receiver;
}

function request({ url }: { readonly url: string }): EgressRequest {
  const headers = { "content-type": "application/json" };
  return { url, method: "POST", headers, body: Buffer.from("{}"), timeoutMs: AMPLE_MS, keepBodyBytes: 100 };
}

function answering(...addresses: string[]): NonNullable<EgressOptions["resolveHost"]> {
  return (_hostname, _options, callback) => {
    callback(
      null,
      addresses.map((address) => ({ address, family: 4 })),
    );
  };
}
