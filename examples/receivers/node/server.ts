import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { createHandler } from "./handler.ts";

const { WEBHOOK_SECRET: secret, PORT: port = "3000" } = process.env;
if (!secret) {
  console.error("WEBHOOK_SECRET is missing: `postrider subscriptions create ... --print-secret` prints one");
  process.exit(2);
}

/** Webhooks are small; more than this is not one of them. */
const MAX_BODY_BYTES = 1024 * 1024;

const handle = createHandler(secret);
const server = createServer((message, response) => {
  serve(message, response).catch((error: unknown) => {
    console.error(error);
    response.destroy();
  });
});
server.listen(Number(port), "127.0.0.1", () => {
  console.log(`ready http://127.0.0.1:${(server.address() as AddressInfo).port}/webhooks`);
});
process.once("SIGTERM", () => server.close());

async function serve(message: IncomingMessage, response: ServerResponse): Promise<void> {
  if (message.url !== "/webhooks") return void response.writeHead(404).end();
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of message as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) return void response.writeHead(413).end();
    chunks.push(chunk);
  }
  const headers = Object.entries(message.headers).map(([name, value]): [string, string] => [name, String(value)]);
  const method = message.method ?? "GET";
  const body = method === "GET" || method === "HEAD" ? null : Buffer.concat(chunks);
  const answer = await handle(new Request("http://127.0.0.1/webhooks", { method, headers, body }));
  response.writeHead(answer.status, Object.fromEntries(answer.headers)).end(await answer.text());
}
