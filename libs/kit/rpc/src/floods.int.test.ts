import { type ClientHttp2Session, connect as connectHttp2, constants } from "node:http2";
import { credentials } from "@grpc/grpc-js";
import { HealthClient } from "@postrider/contracts/grpc/health/v1/health";
import { expect, onTestFinished, test } from "vitest";
import { call, type RpcServer, startRpcServer } from "./index.ts";

async function serve(): Promise<RpcServer> {
  const server = await startRpcServer({ address: "127.0.0.1:0", services: [], maxMessageBytes: 1024 });
  onTestFinished(async () => server.close(0));
  return server;
}

function connect({ address }: RpcServer): ClientHttp2Session {
  const session = connectHttp2(`http://${address}`, {
    ...{ maxSendHeaderBlockLength: 1_000_000, maxSessionMemory: 1000 },
  });
  session.on("error", () => undefined);
  onTestFinished(() => {
    session.destroy();
  });
  return session;
}

/** The code that the call is reset with. */
async function reset(session: ClientHttp2Session, headers: Record<string, string>): Promise<number | undefined> {
  const stream = session.request({
    ...{ ":method": "POST", ":path": "/grpc.health.v1.Health/Check", "content-type": "application/grpc" },
    ...{ te: "trailers", ...headers },
  });
  stream.on("error", () => undefined);
  return new Promise((resolve) => {
    stream.once("close", () => {
      resolve(stream.rstCode);
    });
  });
}

async function assertServed({ address }: RpcServer): Promise<void> {
  const client = new HealthClient(address, credentials.createInsecure());
  onTestFinished(() => {
    client.close();
  });
  await call(client.check.bind(client), { service: "" }, { deadline: new Date(Date.now() + 10_000) });
}

test("a call with more headers than 128 is refused, and others are served", async () => {
  const server = await serve();
  const headers = Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`x-${index}`, "v"]));
  expect(await reset(connect(server), headers)).toBe(constants.NGHTTP2_ENHANCE_YOUR_CALM);
  await assertServed(server);
});

test("calls whose headers fill a connection's memory are refused, and others are served", async () => {
  const server = await serve();
  const session = connect(server);
  // 100 MB of headers, of calls that never send their message.
  const headers = { "x-large": "v".repeat(50_000) };
  const refused = await Promise.any(Array.from({ length: 2000 }, async () => reset(session, headers)));
  expect(refused).toBe(constants.NGHTTP2_ENHANCE_YOUR_CALM);
  await assertServed(server);
});
