import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { UsageError } from "../failures.ts";
import { type Agreement, findAgreement } from "./agreement.ts";
import { type AnswerOptions, planAnswer, type PlannedAnswer } from "./answer-plan.ts";
import type { ReceivedRequest, ReceivedWebhook } from "./received-webhook.ts";
import type { Verification, Verify } from "./verify-webhook.ts";

/** Data is at most 256 KiB; as base64 in an envelope, with room to spare. */
const MAX_BODY_BYTES = 1024 * 1024;

export interface ReceiverOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly answers: AnswerOptions;
  /** Told when a platform asked whether deliveries are wanted here: always agreed to, and no webhook. */
  readonly onAgreement: (agreement: Agreement) => void;
  /** Told before the answer is sent. */
  readonly onWebhook: (webhook: ReceivedWebhook) => void;
  /** Told when the answer is out, or at once if there will be none. */
  readonly onDone: (webhook: ReceivedWebhook) => void;
}

export interface Receiver {
  /** Where to send to. */
  readonly url: string;
  /** Until it is told how, nothing is verified: the secret may only be known once the URL is. */
  readonly verifyWith: (verify: Verify) => void;
  /** Cuts what is still open. */
  readonly close: () => Promise<void>;
}

/**
 * Listens for webhooks and answers as planned; a webhook that fails verification is always answered 400.
 * @throws UsageError when the address can't be bound
 */
export async function startReceiver(options: ReceiverOptions): Promise<Receiver> {
  const closing = new AbortController();
  let verify: Verify = () => ({ kind: "unchecked" });
  let received = 0;
  let genuine = 0;

  async function receive(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const request = await readRequest(message);
    if (!request) {
      sendAnswer(response, 413, `the body has more than ${MAX_BODY_BYTES} bytes`);
      return;
    }
    const verification = verify(request.body, request.headers);
    const agreement = findAgreement(request);
    // Handshakes carry no signature: that they ask is all there is to them.
    if (agreement && (agreement.kind === "cloudevents" || verification.kind !== "failed")) {
      options.onAgreement(agreement);
      response.writeHead(200, { ...agreement.headers, connection: "close" }).end(agreement.body);
      return;
    }
    received += 1;
    if (verification.kind !== "failed") genuine += 1;
    const answer: PlannedAnswer =
      verification.kind === "failed"
        ? { kind: "answer", status: 400, delayMs: 0 }
        : planAnswer(options.answers, genuine);
    const webhook = { number: received, request, verification, answer };
    options.onWebhook(webhook);
    if (answer.kind === "answer") {
      if (answer.delayMs > 0) await delay(answer.delayMs, undefined, { signal: closing.signal });
      const sent = new Promise((resolve) => response.once("close", resolve));
      sendAnswer(response, answer.status, messageFor(request, verification));
      await sent;
    }
    options.onDone(webhook);
  }

  const server = createServer((message, response) => {
    receive(message, response).catch(() => {
      // The sender hung up, or the receiver is closing: there is nobody to answer.
      response.destroy();
    });
  });
  const port = await listen(server, options);
  return {
    url: `http://${options.host.includes(":") ? `[${options.host}]` : options.host}:${port}/webhooks`,
    verifyWith: (next) => {
      verify = next;
    },
    close: async () => {
      closing.abort();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function listen(server: Server, { host, port }: ReceiverOptions): Promise<number> {
  return await new Promise((resolve, reject) => {
    server.once("error", (error) => {
      reject(new UsageError(`can't listen on ${host}:${port}: ${error.message}`));
    });
    server.listen(port, host, () => {
      resolve((server.address() as AddressInfo).port);
    });
  });
}

/** Undefined when the body is too large. */
async function readRequest(message: IncomingMessage): Promise<ReceivedRequest | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  // Not destroyed on return: the sender of too much still gets its answer.
  for await (const chunk of message.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) return undefined;
    chunks.push(chunk);
  }
  return {
    method: message.method ?? "",
    path: message.url ?? "",
    headers: Object.fromEntries(Object.entries(message.headers).map(([name, value]) => [name, String(value)])),
    body: Buffer.concat(chunks),
    receivedAt: new Date(),
  };
}

function messageFor({ headers }: ReceivedRequest, verification: Verification): string {
  return verification.kind === "failed" ? verification.reason : `received ${headers["webhook-id"] ?? "without an id"}`;
}

/** The answer that open platforms' receivers give: a status word and a message. */
function sendAnswer(response: ServerResponse, statusCode: number, message: string): void {
  const isSuccess = statusCode >= 200 && statusCode < 300;
  // The connection is not kept: a receiver that ends after N must not leave the sender an idle socket.
  response.writeHead(statusCode, { "content-type": "application/json", connection: "close" });
  response.end(JSON.stringify({ status: isSuccess ? "success" : "error", message }));
}
