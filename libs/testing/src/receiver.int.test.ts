import { once } from "node:events";
import { connect } from "node:net";
import { rootCertificates, setDefaultCACertificates } from "node:tls";

import { describe, expect, onTestFinished, test } from "vitest";

import { startHostileReceiver, type HostileKind } from "./hostile-receiver.ts";
import { startReceiver } from "./receiver.ts";
import { createSelfSignedCertificate } from "./self-signed-certificate.ts";
import { deferredPromise } from "./wait-for.ts";

describe("startReceiver", () => {
  test("records what arrived and answers by a sequence whose last answer repeats", async () => {
    const receiver = await startReceiver({ answer: [{ status: 503, body: "busy" }, { status: 204 }] });
    onTestFinished(receiver.close);

    const statuses: number[] = [];
    for (let index = 0; index < 3; index += 1) {
      const response = await fetch(`${receiver.url}?n=${index}`, {
        method: "PUT",
        headers: { "x-test": "1" },
        body: Uint8Array.of(0, 255, index),
      });
      statuses.push(response.status);
      await response.arrayBuffer();
    }

    expect(statuses).toEqual([503, 204, 204]);
    const [first] = await receiver.waitFor(3);
    expect(first).toMatchObject({ method: "PUT", url: "/hook?n=0", headers: { "x-test": "1" } });
    expect(first?.body).toEqual(Buffer.from([0, 255, 0]));
    expect(receiver.connectionCount()).toBeGreaterThan(0);
  });

  test("holds an answer back until the handler's promise resolves", async () => {
    const gate = deferredPromise();
    const receiver = await startReceiver({ answer: () => gate.promise.then(() => ({ status: 202 })) });
    onTestFinished(receiver.close);

    const response = fetch(receiver.url);
    await receiver.waitFor((requests) => requests.some(({ method }) => method === "GET"));
    gate.resolve(undefined);

    expect((await response).status).toBe(202);
  });

  test("says what it got when it waits in vain", async () => {
    const receiver = await startReceiver();
    onTestFinished(receiver.close);
    await fetch(receiver.url);

    await expect(receiver.waitFor(2, 20)).rejects.toThrow(
      "after 20 ms: waited for 2 requests, got 1, the last: GET /hook (0 bytes)",
    );
  });

  test("speaks https with a fresh certificate that is trusted on demand", async () => {
    const tls = createSelfSignedCertificate();
    const receiver = await startReceiver({ tls });
    onTestFinished(receiver.close);
    await expect(fetch(receiver.url)).rejects.toThrow();

    setDefaultCACertificates([...rootCertificates, tls.cert]);
    onTestFinished(() => {
      setDefaultCACertificates(rootCertificates);
    });
    expect((await fetch(receiver.url)).status).toBe(200);
  });
});

describe("startHostileReceiver", () => {
  test.each<[HostileKind, RegExp]>([
    ["early-close", /^$/u],
    ["garbage", /this is no HTTP/u],
    ["wrong-length", /content-length: 100\r\n\r\n0123456789$/u],
  ])("%s ends the connection after its bytes", async (kind, bytes) => {
    const receiver = await startHostileReceiver(kind);
    onTestFinished(receiver.close);
    const socket = connect(receiver.port, "127.0.0.1");
    socket.write("POST /hook HTTP/1.1\r\n\r\n");
    let text = "";
    for await (const chunk of socket) text += String(chunk);

    expect(text).toMatch(bytes);
    await receiver.waitForOpenConnections(0);
  });

  test.each<HostileKind>(["silent", "drip-headers", "drip-body", "endless-body", "endless-informational"])(
    "%s stays open until it is closed, then leaves no socket",
    async (kind) => {
      const receiver = await startHostileReceiver(kind);
      const socket = connect(receiver.port, "127.0.0.1").on("error", () => undefined);
      socket.write("POST /hook HTTP/1.1\r\n\r\n");
      await receiver.waitForOpenConnections(1);
      const closed = once(socket.resume(), "close");

      await receiver.close();
      await closed;
      expect(receiver.connectionCount()).toBe(1);
      expect(receiver.openConnectionCount()).toBe(0);
    },
  );

  test("reset resets the connection", async () => {
    const receiver = await startHostileReceiver("reset");
    onTestFinished(receiver.close);
    const socket = connect(receiver.port, "127.0.0.1");
    socket.write("POST /hook HTTP/1.1\r\n\r\n");

    const [error] = (await once(socket, "error")) as [NodeJS.ErrnoException];
    expect(error.code).toBe("ECONNRESET");
  });
});
