import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import { createServer as createTlsServer } from "node:https";

import { listenOnLoopback, trackSockets, type TrackedSockets } from "./track-sockets.ts";
import { createWatchers } from "./wait-for.ts";

/** One request as it arrived. */
export interface ReceivedRequest {
  readonly method: string;
  /** Path and query, as in the request line. */
  readonly url: string;
  /** Names in lower case. */
  readonly headers: IncomingHttpHeaders;
  /** The raw bytes of the body. */
  readonly body: Buffer;
  /** When the last byte of the body was read. */
  readonly arrivedAtMs: number;
}

/** What the receiver sends back. */
export interface Answer {
  /** Default 200. */
  readonly status?: number;
  readonly body?: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
  /** The answer is held back this long. To wait for a signal instead, give an async {@link AnswerHandler}. */
  readonly delayMs?: number;
}

/** Decides the answer to one request; `index` counts requests from 0 in the order of their arrival. */
export type AnswerHandler = (request: ReceivedRequest, index: number) => Answer | Promise<Answer>;

/** A webhook receiver on loopback. */
export interface Receiver extends TrackedSockets {
  /** `http://127.0.0.1:<port>/hook` (https with {@link ReceiverOptions.tls}). */
  readonly url: string;
  readonly port: number;
  /** All requests so far, in the order of their arrival. */
  readonly requests: readonly ReceivedRequest[];
  /** Changes the answers from now on: a handler, or a sequence whose last answer repeats. */
  readonly answer: (script: AnswerHandler | Answer | readonly Answer[]) => void;
  /**
   * Resolves with all requests as soon as there are `wanted` of them, or `wanted(requests)` holds.
   *
   * @throws Error that lists what has arrived, after `deadlineMs` (default 10 s).
   */
  readonly waitFor: (
    wanted: number | ((requests: readonly ReceivedRequest[]) => boolean),
    deadlineMs?: number,
  ) => Promise<readonly ReceivedRequest[]>;
}

/** How a receiver differs from the plain one. */
export interface ReceiverOptions {
  /** Default: 200 without a body, always. */
  readonly answer?: AnswerHandler | Answer | readonly Answer[];
  /** Default: any free port. */
  readonly port?: number;
  /** An address of loopback. Default: 127.0.0.1. */
  readonly host?: string;
  /** Default: the machine's time. */
  readonly nowMs?: () => number;
  /** PEM texts; the receiver then speaks https. */
  readonly tls?: { readonly key: string; readonly cert: string };
}

/** Starts a receiver that records each request and answers by a script. Close it at the end of the test. */
export async function startReceiver(options: ReceiverOptions = {}): Promise<Receiver> {
  const nowMs = options.nowMs ?? Date.now;
  const requests: ReceivedRequest[] = [];
  const watchers = createWatchers();
  let handler = createHandler(options.answer ?? {});

  const listener = (message: IncomingMessage, response: ServerResponse): void => {
    void answerOne(message, response).catch((error: unknown) => {
      // The connection broke, or the script threw: the sender must not hang on it.
      response.destroy(error instanceof Error ? error : undefined);
    });
  };
  const answerOne = async (message: IncomingMessage, response: ServerResponse): Promise<void> => {
    const request = await readRequest(message, nowMs);
    const index = requests.push(request) - 1;
    watchers.changed();
    await writeAnswer(response, await handler(request, index));
  };

  const server: Server = options.tls === undefined ? createServer(listener) : createTlsServer(options.tls, listener);
  const sockets = trackSockets(server);
  const { host = "127.0.0.1" } = options;
  const port = await listenOnLoopback(server, options.port, host);

  return {
    ...sockets,
    url: `${options.tls === undefined ? "http" : "https"}://${host}:${port}/hook`,
    port,
    requests,
    answer: (script) => {
      handler = createHandler(script);
    },
    waitFor: async (wanted, deadlineMs) => {
      const isMet = typeof wanted === "number" ? () => requests.length >= wanted : () => wanted(requests);
      await watchers.waitUntil(isMet, () => describeWait(wanted, requests), deadlineMs);
      return requests;
    },
  };
}

function createHandler(script: AnswerHandler | Answer | readonly Answer[]): AnswerHandler {
  if (typeof script === "function") return script;
  if (!isSequence(script)) return () => script;
  let next = 0;
  return () => {
    const answer = script[Math.min(next, script.length - 1)];
    next += 1;
    if (answer === undefined) throw new Error("the receiver's answer sequence is empty");
    return answer;
  };
}

/** Array.isArray does not narrow readonly arrays out of a union. */
function isSequence(script: Answer | readonly Answer[]): script is readonly Answer[] {
  return Array.isArray(script);
}

async function readRequest(message: IncomingMessage, nowMs: () => number): Promise<ReceivedRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return {
    method: message.method ?? "",
    url: message.url ?? "",
    headers: message.headers,
    body: Buffer.concat(chunks),
    arrivedAtMs: nowMs(),
  };
}

async function writeAnswer(response: ServerResponse, answer: Answer): Promise<void> {
  const { delayMs } = answer;
  if (delayMs !== undefined) await new Promise((resolve) => setTimeout(resolve, delayMs));
  response.writeHead(answer.status ?? 200, answer.headers);
  response.end(answer.body);
}

function describeWait(
  wanted: number | ((requests: readonly ReceivedRequest[]) => boolean),
  requests: readonly ReceivedRequest[],
): string {
  const what = typeof wanted === "number" ? `${wanted} requests` : "requests that meet the condition";
  const last = requests.slice(-5).map((request) => `${request.method} ${request.url} (${request.body.length} bytes)`);
  return `waited for ${what}, got ${requests.length}${last.length === 0 ? "" : `, the last: ${last.join(", ")}`}`;
}
