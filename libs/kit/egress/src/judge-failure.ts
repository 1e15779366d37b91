import { errors } from "undici";

import { RefusedAddressError } from "./checked-lookup.ts";
import { ConnectionError, type ConnectStage, ConnectTimeoutError } from "./connector.ts";
import type { Refused, Unreachable, UnreachableDetail } from "./result.ts";

/** An answer that undici accepts and we don't. */
export class ProtocolError extends Error {
  override readonly name = "ProtocolError";
  readonly detail: UnreachableDetail;

  constructor(detail: UnreachableDetail, message: string) {
    super(message);
    this.detail = detail;
  }
}

/** What failed, without the time that it took. */
export type Failure = Omit<Unreachable, "durationUs"> | Refused;

/** What is known of a failure before it is put in words. */
type Judged = Pick<Unreachable, "reason" | "detail">;

const REASONS: Readonly<Record<ConnectStage, Unreachable["reason"]>> = {
  lookup: "dns",
  connect: "connect",
  proxy: "connect",
  handshake: "tls",
};

/** What OpenSSL and Node call what a tenant can mend. Everything else of a handshake is only `tls`. */
const TLS_DETAILS: Readonly<Record<string, UnreachableDetail>> = {
  CERT_HAS_EXPIRED: "certificate_expired",
  CERT_NOT_YET_VALID: "certificate_not_yet_valid",
  ERR_TLS_CERT_ALTNAME_INVALID: "certificate_name",
  DEPTH_ZERO_SELF_SIGNED_CERT: "certificate_self_signed",
  SELF_SIGNED_CERT_IN_CHAIN: "certificate_untrusted",
  CERT_SIGNATURE_FAILURE: "certificate_untrusted",
  UNABLE_TO_GET_ISSUER_CERT: "certificate_untrusted",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "certificate_untrusted",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "certificate_untrusted",
  ERR_SSL_UNSUPPORTED_PROTOCOL: "tls_version",
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: "tls_version",
};

/** Names a failure by what undici, Node and OpenSSL say about it: classes and codes of errors, never messages. */
export function judgeFailure(error: Error): Failure {
  if (error instanceof RefusedAddressError) return { kind: "refused", ...error.refusal };
  const code = codeOf(error);
  if (code === "UND_ERR_INVALID_ARG" || code === "UND_ERR_NOT_SUPPORTED") {
    return { kind: "refused", reason: "bad_request", message: error.message };
  }
  const judged = error instanceof ConnectionError ? judgeConnecting(error) : judgeExchange(error, code);
  return { kind: "unreachable", ...judged, message: describe(error instanceof ConnectionError ? error.cause : error) };
}

function judgeConnecting({ stage, cause }: ConnectionError): Judged {
  const code = codeOf(cause);
  if (cause instanceof ConnectTimeoutError || code === "ETIMEDOUT") return { reason: "timeout", detail: "connection" };
  return { reason: REASONS[stage], ...detailOf(stage === "proxy" ? "proxy" : TLS_DETAILS[code]) };
}

function judgeExchange(error: Error, code: string): Judged {
  if (error instanceof ProtocolError) return { reason: "protocol", detail: error.detail };
  if (error instanceof errors.HeadersOverflowError) return { reason: "protocol", detail: "headers_too_large" };
  if (error instanceof errors.HTTPParserError) return { reason: "protocol", detail: "not_http" };
  // TLS 1.3 lets a server refuse the client after the handshake.
  if (code.startsWith("ERR_SSL_") || code.startsWith("ERR_TLS_")) return { reason: "tls" };
  // Also a body that ends before its announced length.
  return { reason: code === "ETIMEDOUT" ? "timeout" : "reset" };
}

function detailOf(detail: UnreachableDetail | undefined): Pick<Unreachable, "detail"> {
  return detail === undefined ? {} : { detail };
}

function codeOf(error: Error): string {
  return "code" in error && typeof error.code === "string" ? error.code : "";
}

/** Several addresses, none of which could be connected to, come as an AggregateError. */
function describe(error: Error): string {
  const [first] = error instanceof AggregateError ? (error.errors as unknown[]) : [];
  const message = first instanceof Error ? first.message : error.message;
  const code = codeOf(error);
  return code === "" || message.includes(code) ? message : `${message} (${code})`;
}
