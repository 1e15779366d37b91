import { once } from "node:events";
import { connect as connectHttp2 } from "node:http2";
import { Client, credentials, Metadata, type ServerDuplexStream, status } from "@grpc/grpc-js";
import { HealthClient } from "@postrider/contracts/grpc/health/v1/health";
import {
  IngestServiceService,
  PublishStreamRequest,
  type PublishStreamResponse,
} from "@postrider/contracts/postrider/v1/ingest";
import { expect, onTestFinished, test } from "vitest";
import { startRpcServer, unary, type RpcServer } from "./index.ts";
import { accessForEverybody } from "./testing/index.ts";

const SERVICE = "postrider.v1.IngestService";
const GARBAGE = Buffer.from("ffffff", "hex");
/** An event whose data is half of a surrogate pair in UTF-8's form. */
const BROKEN_TEXT = Buffer.from("0a053a03eda080", "hex");
/** 0a00 is an event without anything. */
const FINE = Buffer.from("0a00", "hex");

type Stream = ServerDuplexStream<PublishStreamRequest, PublishStreamResponse>;

async function serve(): Promise<RpcServer> {
  const definition = IngestServiceService;
  const accepted = unary(async () => ({ eventId: "evt_1", acceptedAt: undefined }));
  const implementation = {
    ...{ publish: accepted, publishBatch: accepted },
    publishStream: (call: Stream) => {
      // Answers a little later, as one that waits for a log.
      call.on("data", ({ sequence }: PublishStreamRequest) => {
        setImmediate(() => call.write({ sequence, result: undefined }));
      });
      call.on("error", () => undefined);
    },
  };
  const service = { name: SERVICE, definition, implementation, access: accessForEverybody(definition) };
  const server = await startRpcServer({ address: "127.0.0.1:0", services: [service], maxMessageBytes: 1024 });
  onTestFinished(async () => server.close(0));
  return server;
}

interface Ended {
  readonly code: number;
  readonly details: string;
}

const asIs = (bytes: Buffer): Buffer => bytes;

async function send(server: RpcServer, method: string, messages: readonly Buffer[]): Promise<Ended> {
  const client = new Client(server.address, credentials.createInsecure());
  onTestFinished(() => {
    client.close();
  });
  const options = { deadline: Date.now() + 10_000 };
  const call = client.makeBidiStreamRequest(`/${SERVICE}/${method}`, asIs, asIs, new Metadata(), options);
  call.on("data", () => undefined);
  call.on("error", () => undefined);
  for (const message of messages) call.write(message);
  call.end();
  return new Promise((resolve) => {
    call.on("status", resolve);
  });
}

/** A call by HTTP/2 itself: with headers and frames that no client of gRPC would send. */
async function sendRaw(server: RpcServer, headers: Record<string, string>, body: Buffer): Promise<Ended> {
  const session = connectHttp2(`http://${server.address}`);
  onTestFinished(() => {
    session.destroy();
  });
  const stream = session.request({
    ...{ ":method": "POST", ":path": `/${SERVICE}/Publish`, "content-type": "application/grpc", te: "trailers" },
    ...headers,
  });
  stream.end(body);
  stream.resume();
  const [answer] = (await once(stream, "response")) as [Record<string, string>];
  return { code: Number(answer["grpc-status"]), details: decodeURI(answer["grpc-message"] ?? "") };
}

function frame(message: Buffer, isCompressed = false): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt8(isCompressed ? 1 : 0, 0);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

const undecodable = {
  code: status.INVALID_ARGUMENT,
  details: "the message can't be decoded: it is not the method's request",
};

test("bytes that are no message are the caller's fault", async () => {
  expect(await send(await serve(), "Publish", [GARBAGE])).toMatchObject(undecodable);
});

test("a text that is not UTF-8 is refused, not changed", async () => {
  expect(await send(await serve(), "Publish", [BROKEN_TEXT])).toMatchObject(undecodable);
});

test("a stream ends at the first message that can't be decoded, whatever waits for its answer", async () => {
  const server = await serve();
  for (const before of [0, 1, 5, 50]) {
    const messages = [...Array.from({ length: before }, () => FINE), GARBAGE, FINE];
    expect(await send(server, "PublishStream", messages)).toMatchObject(undecodable);
  }
});

test("a message that can't be decompressed is the caller's fault", async () => {
  const compressed = frame(Buffer.from("no gzip"), true);
  expect(await sendRaw(await serve(), { "grpc-encoding": "gzip" }, compressed)).toEqual({
    code: status.INVALID_ARGUMENT,
    details: "the message can't be decompressed",
  });
});

test("a timeout that is none is the caller's fault", async () => {
  expect(await sendRaw(await serve(), { "grpc-timeout": "soon" }, frame(FINE))).toEqual({
    code: status.INVALID_ARGUMENT,
    details: "the header grpc-timeout is not 1 to 8 digits and a unit",
  });
});

test("words that a caller chose do not end the connection when they come back", async () => {
  const server = await serve();
  const client = new HealthClient(server.address, credentials.createInsecure());
  onTestFinished(() => {
    client.close();
  });
  const ask = async (service: string): Promise<Ended> =>
    new Promise((resolve) => {
      client.check({ service }, new Metadata(), { deadline: Date.now() + 10_000 }, (error) => {
        resolve(error ?? { code: status.OK, details: "" });
      });
    });
  const answers = await Promise.all(["\u{1f600}".repeat(200), "", "%".repeat(1000), ""].map(ask));
  expect(answers.map(({ code }) => code)).toEqual([status.NOT_FOUND, status.OK, status.NOT_FOUND, status.OK]);
  for (const { details } of answers) expect(encodeURI(details).length).toBeLessThanOrEqual(1536);
});
