import type { Clock } from "@postrider/kit-lifecycle";
import type { Dispatcher } from "undici";

import type { Expiring } from "./deadline-wheel.ts";
import { judgeFailure, ProtocolError } from "./judge-failure.ts";
import type { EgressResult } from "./result.ts";

/** What exchanges report to: one for all of them, since closures for each request would cost as much as their work. */
export interface ExchangeOwner<Departure> {
  /** The result is known. Called once. */
  readonly settled: (exchange: Exchange<Departure>, result: EgressResult) => void;
  /** undici no longer holds the request; until then it occupies a place in the pool. Called once. */
  readonly released: (exchange: Exchange<Departure>) => void;
  /** Expired while it waited for a connection: settled, and undici holds it until its turn comes. */
  readonly stranded: (exchange: Exchange<Departure>) => void;
}

/** What an exchange needs to know about its request. */
export interface ExchangeTerms {
  readonly startedUs: number;
  readonly timeoutMs: number;
  readonly keepBodyBytes: number;
  readonly keepHeaders: readonly string[] | undefined;
  readonly maxResponseBytes: number;
  readonly clock: Clock;
}

/** Early Hints and the like: a receiver that sends more of them than this plays a game. */
const MAX_INFORMATIONAL = 16;

/** Node's own server would not take more. In the size that undici allows there is room for eight thousand. */
const MAX_HEADERS = 2000;

// Reasons for undici only, the result has its own words: made once, as an Error's stack is not free.
const EXPIRED = new Error("the deadline has passed");
const TOO_LONG = new Error("the response is longer than allowed");
const TOO_MANY_INFORMATIONAL = new ProtocolError(
  "too_many_informational",
  `more than ${MAX_INFORMATIONAL} informational responses`,
);

/** What had not come by the deadline, by state. */
const MISSING = {
  waiting: { detail: "connection", missing: "no connection" },
  sent: { detail: "headers", missing: "no answer" },
  responding: { detail: "body", missing: "no complete answer" },
} as const;

const TOO_MANY_HEADERS = new ProtocolError("headers_too_large", `more than ${MAX_HEADERS} headers`);

const NO_BODY = new Uint8Array(0);

/**
 * One request and its response: undici's handler at the dispatch level, and an item of the deadline wheel.
 *
 * waiting (for a connection) -> sent -> responding -> settled. It settles once: by the end of the response, a
 * failure, the deadline or the cap on the response, whichever is first. undici may hold it longer than that: a
 * request that waits for a connection can't be withdrawn, so it is dropped when its turn comes.
 */
export class Exchange<Departure> implements Dispatcher.DispatchHandler, Expiring {
  /** Its slot in the deadline wheel. */
  slot = 0;
  readonly #terms: ExchangeTerms;
  readonly #owner: ExchangeOwner<Departure>;
  /** What its owner knows it by. */
  readonly departure: Departure;
  #state: "waiting" | "sent" | "responding" | "settled" = "waiting";
  #controller: Dispatcher.DispatchController | undefined;
  #informationalCount = 0;
  #status = 0;
  #retryAfter: string | undefined;
  #headers: Record<string, string> | undefined;
  #receivedBytes = 0;
  #kept: Buffer[] | undefined;

  constructor(terms: ExchangeTerms, departure: Departure, owner: ExchangeOwner<Departure>) {
    this.#terms = terms;
    this.departure = departure;
    this.#owner = owner;
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // Thrown before anything is written: undici drops the request and keeps the connection.
    if (this.#state === "settled") throw EXPIRED;
    this.#state = "sent";
    this.#controller = controller;
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (status < 200) {
      this.#informationalCount += 1;
      if (this.#informationalCount > MAX_INFORMATIONAL) controller.abort(TOO_MANY_INFORMATIONAL);
      return;
    }
    // undici keeps them as it reads them: names and values in turn.
    if (Array.isArray(controller.rawHeaders) && controller.rawHeaders.length > 2 * MAX_HEADERS) {
      controller.abort(TOO_MANY_HEADERS);
      return;
    }
    this.#state = "responding";
    this.#status = status;
    this.#retryAfter = firstOf(headers["retry-after"]);
    if (this.#terms.keepHeaders !== undefined) this.#headers = pick(headers, this.#terms.keepHeaders);
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    const missingBytes = this.#terms.keepBodyBytes - this.#receivedBytes;
    if (missingBytes > 0) (this.#kept ??= []).push(chunk.subarray(0, missingBytes));
    this.#receivedBytes += chunk.length;
    if (this.#receivedBytes <= this.#terms.maxResponseBytes) return;
    this.#settleResponded(true);
    // Paused, the parser stops inside this chunk; it would go on to the end of the message and find it aborted.
    controller.pause();
    controller.abort(TOO_LONG);
  }

  onResponseEnd(): void {
    this.#settleResponded(false);
    this.#owner.released(this);
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error): void {
    if (this.#state !== "settled") {
      const failure = judgeFailure(error);
      this.#settle(failure.kind === "refused" ? failure : { ...failure, durationUs: this.#durationUs() });
    }
    this.#owner.released(this);
  }

  /** The deadline has passed: settles, and cuts the connection if there is one. */
  expire(): void {
    if (this.#state === "settled") return;
    const { detail, missing } = MISSING[this.#state];
    const message = `${missing} within ${this.#terms.timeoutMs} ms`;
    this.#settle({ kind: "unreachable", reason: "timeout", detail, message, durationUs: this.#durationUs() });
    if (this.#controller === undefined) this.#owner.stranded(this);
    else this.#controller.abort(EXPIRED);
  }

  #settleResponded(isTruncated: boolean): void {
    this.#settle({
      kind: "responded",
      status: this.#status,
      ...(this.#retryAfter === undefined ? undefined : { retryAfter: this.#retryAfter }),
      ...(this.#headers === undefined ? undefined : { headers: this.#headers }),
      // Copied, also when it is one chunk: a slice would keep the socket's whole read buffer alive.
      body: this.#kept === undefined ? NO_BODY : Buffer.concat(this.#kept),
      isTruncated,
      durationUs: this.#durationUs(),
    });
  }

  #settle(result: EgressResult): void {
    if (this.#state === "settled") return;
    this.#state = "settled";
    this.#kept = undefined;
    this.#owner.settled(this, result);
  }

  #durationUs(): number {
    return Math.round(this.#terms.clock.monotonicUs() - this.#terms.startedUs);
  }
}

type ResponseHeaders = Readonly<Record<string, string | string[] | undefined>>;

function firstOf(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}

function pick(headers: ResponseHeaders, names: readonly string[]): Record<string, string> {
  const picked: Record<string, string> = {};
  for (const name of names) {
    const value = firstOf(headers[name]);
    if (value !== undefined) picked[name] = value;
  }
  return picked;
}
