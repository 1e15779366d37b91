import type { EgressRefusal } from "./policy.ts";

/** An answer arrived: its status is known, whatever it says. */
export interface Responded {
  readonly kind: "responded";
  /** 200 to 599. */
  readonly status: number;
  /** The `retry-after` header as it came. */
  readonly retryAfter?: string;
  /** Those of `keepHeaders` that came, by their names; of several of one name the first. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The first `keepBodyBytes` of the body. */
  readonly body: Uint8Array;
  /** Whether the body was longer than `maxResponseBytes`, and the connection was cut there. */
  readonly isTruncated: boolean;
  readonly durationUs: number;
}

/** More of an {@link Unreachable}, where there is more that helps whoever runs the receiver. */
export type UnreachableDetail =
  // Of timeout: which part of the exchange was not there in time.
  | "connection"
  | "headers"
  | "body"
  // Of connect: the forward proxy did not let it through.
  | "proxy"
  // Of tls.
  | "certificate_expired"
  | "certificate_not_yet_valid"
  | "certificate_name"
  | "certificate_self_signed"
  | "certificate_untrusted"
  | "tls_version"
  // Of protocol.
  | "headers_too_large"
  | "answer_too_large"
  | "too_many_informational"
  | "not_http";

/** The request was tried and no complete answer came. It may have arrived all the same. */
export interface Unreachable {
  readonly kind: "unreachable";
  readonly reason: "dns" | "connect" | "tls" | "timeout" | "reset" | "protocol";
  readonly detail?: UnreachableDetail;
  /** For operators: may name addresses, which are not the tenant's to know. */
  readonly message: string;
  readonly durationUs: number;
}

/** Nothing was sent, and sending the same again will be refused again. */
export interface Refused {
  readonly kind: "refused";
  /** `bad_request`: HTTP cannot carry this method or header. */
  readonly reason: EgressRefusal["reason"] | "bad_request";
  /** For operators, as above: an address that a name resolves to is named here. */
  readonly message: string;
}

/** What came of one request. */
export type EgressResult = Responded | Unreachable | Refused;
