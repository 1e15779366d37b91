import type { EgressRefusal } from "./policy.ts";

/** An answer arrived: its status is known, whatever it says. */
export interface Responded {
  readonly kind: "responded";
  /** 200 to 599. */
  readonly status: number;
  /** The `retry-after` header as it came. */
  readonly retryAfter?: string;
  /** The first `keepBodyBytes` of the body. */
  readonly body: Uint8Array;
  /** Whether the body was longer than `maxResponseBytes`, and the connection was cut there. */
  readonly isTruncated: boolean;
  readonly durationUs: number;
}

/** The request was tried and no complete answer came. It may have arrived all the same. */
export interface Unreachable {
  readonly kind: "unreachable";
  readonly reason: "dns" | "connect" | "tls" | "timeout" | "reset" | "protocol";
  /** For people. */
  readonly message: string;
  readonly durationUs: number;
}

/** Nothing was sent, and sending the same again will be refused again. */
export interface Refused {
  readonly kind: "refused";
  /** `bad_request`: HTTP cannot carry this method or header. */
  readonly reason: EgressRefusal["reason"] | "bad_request";
  /** For people. */
  readonly message: string;
}

/** What came of one request. */
export type EgressResult = Responded | Unreachable | Refused;
