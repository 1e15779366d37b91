import type { Scope } from "./scope.ts";

/** What a token lets its bearer do; never changes. Plain data. */
export interface Grant {
  /** For people: who has it, for what. */
  readonly name: string;
  readonly scopes: readonly Scope[];
  /** The one tenant whose things it may see and touch; absent: all. */
  readonly tenantId?: string;
  /** Milliseconds since the epoch; absent: never. */
  readonly expiresAtMs?: number;
}

/** A token that was made: all but itself, which nobody keeps. */
export interface IssuedToken {
  readonly kind: "valid" | "revoked";
  readonly id: string;
  /** Of the token, 64 hexadecimal digits. */
  readonly sha256: string;
  readonly grant: Grant;
  /** The name of the caller that made it. */
  readonly createdBy: string;
  readonly createdAtMs: number;
  readonly revokedAtMs?: number;
}

/** absent ──create──▶ valid ──revoke──▶ revoked, for good. Expiry is no event: who looks at it has a clock. */
export type AccessToken = { readonly kind: "absent" } | IssuedToken;

interface Happened {
  readonly id: string;
  readonly sha256: string;
  /** The name of the caller. */
  readonly by: string;
  /** Milliseconds since the epoch. */
  readonly atMs: number;
}

export type AccessTokenEvent =
  | (Happened & { readonly kind: "access_token_created"; readonly grant: Grant })
  | (Happened & { readonly kind: "access_token_revoked" });

/** Every stream starts here. */
export const ABSENT: AccessToken = { kind: "absent" };

/** The state after the event. */
export function evolve(state: AccessToken, event: AccessTokenEvent): AccessToken {
  if (event.kind === "access_token_created") {
    const { id, sha256, grant, by, atMs } = event;
    return { kind: "valid", id, sha256, grant, createdBy: by, createdAtMs: atMs };
  }
  return state.kind === "absent" ? state : { ...state, kind: "revoked", revokedAtMs: event.atMs };
}
