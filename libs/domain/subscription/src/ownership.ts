/**
 * What whoever answers at a callback URL agreed to, and how: by echoing a challenge, or in the handshake of CloudEvents.
 * `waived`: the platform no longer asked when it was its turn.
 */
export interface Consent {
  readonly by: "challenge" | "cloudevents" | "waived";
  /** Whom it lets in: deliveries must say so in their Origin header. In the handshake only. */
  readonly origin?: string;
  /** The most that it takes; absent: it named no bound. */
  readonly allowedRatePerSecond?: number;
}

/** What came of asking a callback URL. `reason` is for the tenant. */
export type VerificationOutcome =
  { readonly kind: "agreed"; readonly consent: Consent } | { readonly kind: "not_agreed"; readonly reason: string };

/** Nobody has agreed yet, for this reason: nothing is delivered. */
export interface Unverified {
  readonly kind: "unverified";
  readonly reason: string;
}

/** Agreed, since then (milliseconds since the epoch). */
export interface Verified {
  readonly kind: "verified";
  readonly consent: Consent;
  readonly sinceMs: number;
}

/** Before the first answer. */
export const NOT_ASKED_YET: Unverified = { kind: "unverified", reason: "the callback URL was not asked yet" };
