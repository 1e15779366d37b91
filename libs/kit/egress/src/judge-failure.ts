import { errors } from "undici";

import { RefusedAddressError } from "./checked-lookup.ts";
import type { Refused, Unreachable } from "./result.ts";

/** An answer that undici accepts and we don't. */
export class ProtocolError extends Error {
  override readonly name = "ProtocolError";
}

/** When a request failed. */
export interface FailureContext {
  /** Whether a connection had been made, so that bytes may have been sent. */
  readonly isConnected: boolean;
  readonly isTls: boolean;
}

/** What failed, without the time that it took. */
export type Failure = Omit<Unreachable, "durationUs"> | Refused;

/** Names a failure by what undici, Node and OpenSSL say about it: classes and codes of errors, never messages. */
export function judgeFailure(error: Error, context: FailureContext): Failure {
  if (error instanceof RefusedAddressError) return { kind: "refused", ...error.refusal };
  const code = codeOf(error);
  if (code === "UND_ERR_INVALID_ARG" || code === "UND_ERR_NOT_SUPPORTED") {
    return { kind: "refused", reason: "bad_request", message: error.message };
  }
  const reason = context.isConnected ? judgeExchange(error, code) : judgeConnecting(error, code, context.isTls);
  return { kind: "unreachable", reason, message: describe(error, code) };
}

function judgeConnecting(error: Error, code: string, isTls: boolean): Unreachable["reason"] {
  if (code === "UND_ERR_CONNECT_TIMEOUT" || code === "ETIMEDOUT") return "timeout";
  const syscall = "syscall" in error ? error.syscall : undefined;
  if (syscall === "getaddrinfo" || code === "ENOTFOUND" || code === "ENODATA") return "dns";
  // Several addresses, none of which could be connected to, come as an AggregateError.
  if (syscall === "connect" || error instanceof AggregateError) return "connect";
  // The connection stands: what fails between it and the first request is the handshake.
  return isTls ? "tls" : "connect";
}

function judgeExchange(error: Error, code: string): Unreachable["reason"] {
  if (error instanceof errors.HTTPParserError || error instanceof errors.HeadersOverflowError) return "protocol";
  if (error instanceof ProtocolError) return "protocol";
  // TLS 1.3 lets a server refuse the client after the handshake.
  if (code.startsWith("ERR_SSL_") || code.startsWith("ERR_TLS_")) return "tls";
  // Also a body that ends before its announced length.
  return code === "ETIMEDOUT" ? "timeout" : "reset";
}

function codeOf(error: Error): string {
  return "code" in error && typeof error.code === "string" ? error.code : "";
}

function describe(error: Error, code: string): string {
  const [first] = error instanceof AggregateError ? (error.errors as unknown[]) : [];
  const message = first instanceof Error ? first.message : error.message;
  return code === "" || message.includes(code) ? message : `${message} (${code})`;
}
