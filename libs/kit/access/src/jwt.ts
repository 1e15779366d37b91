import type { Clock } from "@postrider/kit-lifecycle";
import { RpcError } from "@postrider/kit-rpc";
import { errors, type JWTPayload, jwtVerify } from "jose";
import { hashToken } from "./access-token.ts";
import type { AccessWords, Credential } from "./credential.ts";
import { type IssuerKeys, NoKeys } from "./jwks.ts";
import { Refusal } from "./refusal.ts";

/** Whom we believe, and what their words mean. */
export interface JwtRules {
  readonly issuer: string;
  readonly audience: string;
  /** In front of each scope that is meant for us; empty: none. */
  readonly scopePrefix: string;
  /**
   * The claim that binds to an owner, `*` to none; whoever has no such claim is refused. Empty: no JWT is bound.
   */
  readonly ownerClaim: string;
}

/** Knows callers by JSON Web Tokens of one issuer. */
export interface JwtVerifier {
  /** @throws {RpcError} (or by the promise) unauthenticated; unavailable when the issuer's keys are not known yet */
  readonly verify: (token: string) => Credential | Promise<Credential>;
}

/** Only keys whose public half verifies: with a shared secret, who verifies could also sign. */
const ALGORITHMS = [
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "ES512",
  "EdDSA",
  "Ed25519",
];
/** Between the issuer's clock and ours. */
const CLOCK_TOLERANCE_MS = 30_000;
/** A signature takes a tenth of a millisecond to verify, so it is done once; but a key may be withdrawn meanwhile. */
const REMEMBER_MS = 300_000;
const MAX_REMEMBERED = 10_000;
const MAX_NAME_CHARS = 128;

export interface JwtVerifierDeps {
  readonly keys: Pick<IssuerKeys, "find">;
  readonly rules: JwtRules;
  readonly words: AccessWords;
  readonly clock: Pick<Clock, "nowMs">;
}

export function createJwtVerifier({ keys, rules, words, clock }: JwtVerifierDeps): JwtVerifier {
  const remembered = new Map<string, { readonly credential: Credential; readonly untilMs: number }>();

  async function verify(token: string, key: string): Promise<Credential> {
    const { payload } = await verifySignature(token);
    const credential = { caller: readCaller(payload, rules, words), expiresAtMs: expiryOf(payload) };
    if (remembered.size >= MAX_REMEMBERED) forgetOldest();
    remembered.set(key, { credential, untilMs: clock.nowMs() + REMEMBER_MS });
    return credential;
  }

  async function verifySignature(token: string): ReturnType<typeof jwtVerify> {
    try {
      return await jwtVerify(token, keys.find, {
        ...{ issuer: rules.issuer, audience: rules.audience, algorithms: ALGORITHMS, requiredClaims: ["exp"] },
        ...{ clockTolerance: CLOCK_TOLERANCE_MS / 1000, currentDate: new Date(clock.nowMs()) },
      });
    } catch (error) {
      if (error instanceof errors.JWTExpired) throw new Refusal("expired");
      if (error instanceof errors.JOSEError) throw new Refusal("invalid_jwt");
      if (!(error instanceof NoKeys)) throw error;
      throw new RpcError("unavailable", "whether the credentials are valid can't be told now: try again", {
        ...{ cause: error, retryDelayMs: 1000 },
      });
    }
  }

  function forgetOldest(): void {
    for (const key of remembered.keys()) {
      remembered.delete(key);
      return;
    }
  }

  return {
    verify: (token) => {
      const key = hashToken(token);
      const known = remembered.get(key);
      if (known && clock.nowMs() < known.untilMs) return known.credential;
      remembered.delete(key);
      return verify(token, key);
    },
  };
}

/** The issuer's clock may be ahead of ours for the end as for the beginning. */
function expiryOf({ exp = 0 }: JWTPayload): number {
  return exp * 1000 + CLOCK_TOLERANCE_MS;
}

function readCaller(
  payload: JWTPayload,
  { scopePrefix, ownerClaim }: JwtRules,
  words: AccessWords,
): Credential["caller"] {
  const { scope, scp, sub = "" } = payload;
  const named = scopesOf(scope ?? scp)
    .filter((each) => each.startsWith(scopePrefix))
    .map((each) => each.slice(scopePrefix.length));
  return {
    name: `jwt ${sub}`
      .slice(0, MAX_NAME_CHARS)
      .replaceAll(/\p{Cc}/gu, " ")
      .toWellFormed(),
    // What the issuer's other scopes mean is not ours to know.
    scopes: new Set(named.filter((each) => words.scopes.includes(each))),
    boundTo: readOwner(payload, ownerClaim, words),
  };
}

function readOwner(payload: JWTPayload, ownerClaim: string, { owner }: AccessWords): string | undefined {
  if (ownerClaim === "") return undefined;
  const value = payload[ownerClaim];
  if (value === "*") return undefined;
  if (typeof value === "string" && owner.isValid(value)) return value;
  throw new Refusal("invalid_jwt");
}

/** RFC 8693 has them in one text, several issuers in a list. */
function scopesOf(claim: unknown): readonly string[] {
  if (typeof claim === "string") return claim.split(" ");
  return Array.isArray(claim) ? claim.filter((each): each is string => typeof each === "string") : [];
}
