// The receiver: a plain node:http server that answers 200 to everything and costs as little as a server can, for the
// bare loop and for the platform alike. Counts deliveries and takes each one's delay from the publish time in its body.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tellParent, workForParent } from "./child.ts";
import { createDelayHistogram, readDelay, recordDelayUs } from "./delay-histogram.ts";
import { readPublishedUs } from "./payload.ts";
import { epochUs, type ReceiverCommand, type ReceiverReport } from "./protocol.ts";

/** How often the publisher learns what has arrived: at 10,000 a second, 500 deliveries late. */
const noticeIntervalMs = 50;

const delays = createDelayHistogram();
let deliveries = 0;
let unreadable = 0;
let told = 0;

function receive(request: IncomingMessage, response: ServerResponse): void {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    const [first] = chunks;
    count(chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks));
    response.writeHead(200, { "content-length": "0" }).end();
  });
}

function count(body: Buffer): void {
  deliveries++;
  const publishedUs = readPublishedUs(body);
  if (publishedUs === undefined) unreadable++;
  else recordDelayUs(delays, epochUs() - publishedUs);
}

function reset(): void {
  delays.reset();
  deliveries = 0;
  unreadable = 0;
  told = 0;
}

function report(): ReceiverReport {
  return { deliveries, unreadable, atMs: performance.now(), delay: readDelay(delays) };
}

// Connections outlive every pause between phases.
const server = createServer({ keepAliveTimeout: 120_000 }, receive);
server.listen(0, "127.0.0.1", () => {
  workForParent({
    greeting: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hooks`,
    answer: (command) => {
      if ((command as ReceiverCommand).kind === "reset") reset();
      return report();
    },
  });
  setInterval(() => {
    if (deliveries === told) return;
    told = deliveries;
    tellParent(deliveries);
  }, noticeIntervalMs);
});
