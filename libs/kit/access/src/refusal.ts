import { RpcError } from "@postrider/kit-rpc";

/** Why a call was refused: a metric's label, and never told to the caller. */
export type RefusalReason =
  | "no_credentials"
  | "malformed"
  | "unknown_token"
  | "unknown_certificate"
  | "invalid_jwt"
  | "expired"
  | "unavailable"
  | "scope";

/** All of them, so that a metric begins at 0. */
export const REFUSAL_REASONS: readonly RefusalReason[] = [
  "no_credentials",
  "malformed",
  "unknown_token",
  "unknown_certificate",
  "invalid_jwt",
  "expired",
  "unavailable",
  "scope",
];

/** Nobody is known by these credentials. */
export class Refusal extends RpcError {
  readonly reason: RefusalReason;

  /** The same words for every reason: who guesses learns nothing from them, and who forgot the token learns enough. */
  constructor(reason: Exclude<RefusalReason, "unavailable" | "scope">) {
    super("unauthenticated", "no valid credentials: send a token as `authorization: Bearer ...`, or a certificate");
    this.reason = reason;
  }
}
