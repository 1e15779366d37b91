import type { Event } from "@postrider/domain-event";
import type { EgressRequest } from "@postrider/kit-egress";
import { sign } from "@postrider/kit-signature";
import type { Endpoint } from "../endpoint.ts";
import { encodeEnvelope, encodeQuery, isQueryFormat } from "./envelope.ts";

/** A query string that common servers still take; they end at 8 KiB for the whole request line. */
const MAX_QUERY_CHARACTERS = 7000;
/** Kept of an answer when only its status counts: enough to see why it failed. */
const BODY_START_BYTES = 1024;
/** Kept of an answer whose body must acknowledge. */
const ACKNOWLEDGEMENT_BYTES = 64 * 1024;

export interface RequestContext {
  readonly nowMs: number;
  readonly createTraceparent: () => string;
  readonly userAgent: string;
}

/** The event or its format does not fit into what this endpoint's method can carry, or nothing may sign it. */
export interface RefusedRequest {
  readonly kind: "refused";
  readonly reason: "query_too_long" | "format_needs_body" | "no_signing_key";
}

export type BuiltRequest = { readonly kind: "request"; readonly request: EgressRequest } | RefusedRequest;

/**
 * The HTTP request of one attempt. What is signed is what is sent: the body's bytes; of a GET or DELETE, which has none,
 * the query string after the question mark.
 */
export function buildRequest(event: Event, endpoint: Endpoint, context: RequestContext): BuiltRequest {
  const maySign = endpoint.keys.some(({ expiresAtMs }) => expiresAtMs > context.nowMs);
  if (!maySign) return { kind: "refused", reason: "no_signing_key" };
  if (endpoint.method === "GET" || endpoint.method === "DELETE") return buildQueryRequest(event, endpoint, context);
  const { contentType, body, headers: own } = encodeEnvelope(event, endpoint);
  const headers = buildHeaders(event, endpoint, { context, signedBytes: body });
  headers["content-type"] = contentType;
  if (own) Object.assign(headers, own);
  const { url, method, timeoutMs } = endpoint;
  return {
    kind: "request",
    request: { url, method, timeoutMs, headers, body, keepBodyBytes: keepBodyBytesOf(endpoint) },
  };
}

function buildQueryRequest(event: Event, endpoint: Endpoint, context: RequestContext): BuiltRequest {
  const { format, method, timeoutMs } = endpoint;
  // The subscription service lets no such subscription in.
  if (!isQueryFormat(format)) return { kind: "refused", reason: "format_needs_body" };
  const separator = endpoint.url.includes("?") ? "&" : "?";
  const text = `${endpoint.url}${separator}${encodeQuery(event, { format, url: endpoint.url })}`;
  // As it will be sent: the parser encodes what a callback URL may have in its own query, such as an apostrophe.
  const url = URL.parse(text)?.href ?? text;
  const query = url.slice(url.indexOf("?") + 1);
  if (query.length > MAX_QUERY_CHARACTERS) return { kind: "refused", reason: "query_too_long" };
  const headers = buildHeaders(event, endpoint, { context, signedBytes: Buffer.from(query) });
  return { kind: "request", request: { url, method, timeoutMs, headers, keepBodyBytes: keepBodyBytesOf(endpoint) } };
}

function keepBodyBytesOf({ acknowledgement }: Endpoint): number {
  return acknowledgement.kind === "status" ? BODY_START_BYTES : ACKNOWLEDGEMENT_BYTES;
}

function buildHeaders(
  event: Event,
  endpoint: Endpoint,
  { context, signedBytes }: { context: RequestContext; signedBytes: Uint8Array },
): Record<string, string> {
  const { nowMs, userAgent, createTraceparent } = context;
  const timestampSeconds = Math.floor(nowMs / 1000);
  const keys = endpoint.keys.filter(({ expiresAtMs }) => expiresAtMs > nowMs).map(({ key }) => key);
  return {
    ...endpoint.headers,
    "user-agent": userAgent,
    "webhook-id": event.id,
    "webhook-timestamp": String(timestampSeconds),
    "webhook-signature": sign({ id: event.id, timestampSeconds, body: signedBytes, keys }),
    traceparent: createTraceparent(),
  };
}
