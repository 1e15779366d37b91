import { once } from "node:events";
import { connect as connectTls, type TLSSocket } from "node:tls";
import {
  EventTypeServiceClient,
  EventTypeServiceService,
  type EventTypeChange,
} from "@postrider/contracts/postrider/v1/event_type";
import { createTestAuthority } from "@postrider/testing";
import { describe, expect, onTestFinished, test } from "vitest";
import {
  assertUsable,
  call,
  callStream,
  type Certificates,
  type CertificateSource,
  type ClientCertificates,
  connectRpc,
  createClientCredentials,
  createFixedClientCredentials,
  createServerCredentials,
  type RpcConnection,
  type RpcCredentials,
  RpcError,
  serverStream,
  startRpcServer,
  unary,
} from "./index.ts";
import { accessForEverybody } from "./testing/index.ts";

const authority = createTestAuthority();
const stranger = createTestAuthority("Stranger");
/** Says that it is ours. */
const impostor = createTestAuthority();
const HERE = { dnsNames: ["localhost"], ipAddresses: ["127.0.0.1"] };

function issue(
  commonName: string,
  from = authority,
): Certificates & { readonly own: { certificate: Buffer; privateKey: Buffer } } {
  const { cert, key } = from.issue({ commonName, ...HERE });
  const own = { certificate: Buffer.from(cert), privateKey: Buffer.from(key) };
  return { own, authorities: Buffer.from(authority.cert) };
}

/** Certificates that the test replaces. */
function createSource(first: Certificates): CertificateSource & { readonly replace: (next: Certificates) => void } {
  let current = first;
  const listeners: ((certificates: Certificates) => void)[] = [];
  return {
    current: () => current,
    onChanged: (listener) => {
      listeners.push(listener);
    },
    replace: (next) => {
      current = next;
      for (const listener of listeners) listener(next);
    },
  };
}

interface Served {
  readonly address: string;
  /** The common names of the certificates that callers showed; "" for none. */
  readonly seen: string[];
}

/** A server that knows its callers by their certificates, or takes those without one by their token "secret". */
async function serve(source: CertificateSource, clients: ClientCertificates): Promise<Served> {
  const seen: string[] = [];
  const implementation = {
    ...Object.fromEntries(
      Object.keys(EventTypeServiceService).map((name) => [name, unary(async () => ({ eventType: undefined }))]),
    ),
    watchEventTypes: serverStream(async function* (_: unknown, signal): AsyncGenerator<EventTypeChange> {
      yield { revision: 1n, name: "" };
      await new Promise<void>((resolve) => {
        release = resolve;
        signal.addEventListener("abort", () => {
          resolve();
        });
      });
      yield { revision: 2n, name: "" };
    }),
  };
  const definition = EventTypeServiceService;
  const access = Object.fromEntries(
    Object.keys(accessForEverybody(definition)).map((name) => [name, "callers"] as const),
  );
  const server = await startRpcServer({
    address: "127.0.0.1:0",
    maxMessageBytes: 1024,
    services: [{ name: "postrider.v1.EventTypeService", definition, implementation, access }],
    credentials: createServerCredentials(source, clients),
    doorkeeper: {
      identify: ({ peerCertificate, metadata }) => {
        const name = peerCertificate()?.subject.CN;
        if (name === undefined && metadata.get("authorization")[0] !== "Bearer secret")
          throw new RpcError("unauthenticated", "who are you?");
        seen.push(String(name ?? ""));
        return { name: String(name), scopes: new Set(), boundTo: undefined };
      },
    },
  });
  onTestFinished(async () => server.close(0));
  return { address: server.address, seen };
}

let release: () => void = () => undefined;

function connect({ address }: Served, credentials: RpcCredentials): RpcConnection<EventTypeServiceClient> {
  const connection = connectRpc(EventTypeServiceClient, { address, maxMessageBytes: 1024, credentials });
  onTestFinished(() => {
    connection.close();
  });
  return connection;
}

async function ask(connection: RpcConnection<EventTypeServiceClient>): Promise<unknown> {
  const client = connection.client();
  return call(client.getEventType.bind(client), { name: "x" }, { deadline: new Date(Date.now() + 3000) });
}

/** Who the server is for somebody who connects now. */
async function findServerName({ address }: Served): Promise<string | string[] | undefined> {
  const socket: TLSSocket = connectTls({
    ...{ host: "127.0.0.1", port: Number(address.split(":")[1]), ca: authority.cert, ALPNProtocols: ["h2"] },
  });
  await once(socket, "secureConnect");
  const name = socket.getPeerCertificate().subject.CN;
  socket.destroy();
  return name;
}

describe("a server with a certificate", () => {
  test("serves clients that believe its authority, and no plaintext", async () => {
    const served = await serve(createSource(issue("server")), "none");
    await ask(
      connect(served, {
        channel: createFixedClientCredentials({ authorities: Buffer.from(authority.cert) }),
        token: () => "secret",
      }),
    );
    await expect(ask(connect(served, { token: () => "secret" }))).rejects.toThrow();
    const other = createFixedClientCredentials({ authorities: Buffer.from(stranger.cert) });
    await expect(ask(connect(served, { channel: other, token: () => "secret" }))).rejects.toThrow(/certificate/);
    expect(served.seen).toEqual([""]);
  });

  test("that takes certificates of clients knows them by those of its authority only", async () => {
    const served = await serve(createSource(issue("server")), "optional");
    await ask(connect(served, { channel: createClientCredentials(createSource(issue("orders"))) }));
    const forged = createSource(issue("orders", stranger));
    await expect(ask(connect(served, { channel: createClientCredentials(forged) }))).rejects.toThrow("who are you?");
    await ask(
      connect(served, {
        channel: createFixedClientCredentials({ authorities: Buffer.from(authority.cert) }),
        token: () => "secret",
      }),
    );
    const posing = createSource(issue("orders", impostor));
    await expect(ask(connect(served, { channel: createClientCredentials(posing) }))).rejects.toThrow();
    expect(served.seen).toEqual(["orders", ""]);
  });

  test("that asks for certificates lets nobody in without a good one", async () => {
    const served = await serve(createSource(issue("server")), "required");
    await ask(connect(served, { channel: createClientCredentials(createSource(issue("orders"))) }));
    const none = createFixedClientCredentials({ authorities: Buffer.from(authority.cert) });
    await expect(ask(connect(served, { channel: none, token: () => "secret" }))).rejects.toThrow();
    const forged = createSource(issue("orders", stranger));
    await expect(ask(connect(served, { channel: createClientCredentials(forged) }))).rejects.toThrow();
    expect(served.seen).toEqual(["orders"]);
  });
});

test("a replaced certificate is shown to those who connect from then on, and open streams go on", async () => {
  const source = createSource(issue("server-1"));
  const served = await serve(source, "none");
  expect(await findServerName(served)).toBe("server-1");
  const channel = createFixedClientCredentials({ authorities: Buffer.from(authority.cert) });
  const client = connect(served, { channel, token: () => "secret" }).client();
  const signal = new AbortController().signal;
  const stream = callStream(client.watchEventTypes.bind(client), { afterRevision: 0n }, { signal });
  await stream.next();
  source.replace(issue("server-2"));
  expect(await findServerName(served)).toBe("server-2");
  release();
  expect((await stream.next()).value).toMatchObject({ revision: 2n });
});

test("a client shows its new certificate when it connects again", async () => {
  const served = await serve(createSource(issue("server")), "required");
  const source = createSource(issue("orders-1"));
  const connection = connect(served, { channel: createClientCredentials(source) });
  await ask(connection);
  source.replace(issue("orders-2"));
  connection.reconnect();
  await ask(connection);
  expect(served.seen).toEqual(["orders-1", "orders-2"]);
});

test("a key that is of another certificate, and what is no PEM, is refused before it is used", () => {
  const { own } = issue("server");
  const other = issue("other").own;
  expect(() => {
    assertUsable(issue("server"));
  }).not.toThrow();
  expect(() => {
    assertUsable({ own: { certificate: own.certificate, privateKey: other.privateKey } });
  }).toThrow("not that of the certificate");
  expect(() => {
    assertUsable({ own: { certificate: own.certificate, privateKey: Buffer.from("nonsense") } });
  }).toThrow("no private key in PEM");
  expect(() => {
    assertUsable({ authorities: Buffer.from("nonsense") });
  }).toThrow("the authorities' file holds no certificate in PEM");
  expect(() => {
    assertUsable({ authorities: Buffer.from("-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----") });
  }).toThrow("certificate 1 can't be read");
});
