import type { Clock } from "@postrider/kit-lifecycle";
import type { Caller, Doorkeeper, IncomingCall } from "@postrider/kit-rpc";
import { hasTokenPrefix, hashToken, isAccessToken } from "./access-token.ts";
import { namesOf } from "./certificate-names.ts";
import type { Credential } from "./credential.ts";
import type { JwtVerifier } from "./jwt.ts";
import type { ListedCallers } from "./parse-callers-file.ts";
import { Refusal, type RefusalReason } from "./refusal.ts";
import type { TokenCache } from "./token-cache.ts";

export interface DoorkeeperDeps {
  /** As the file says now. */
  readonly listed: () => ListedCallers;
  readonly stored?: Pick<TokenCache, "find">;
  readonly jwt?: JwtVerifier;
  readonly clock: Pick<Clock, "nowMs">;
  readonly onRefused: (reason: RefusalReason) => void;
}

const BEARER = /^bearer +([\x21-\x7e]+)$/i;

/**
 * Knows callers by a token in the call's metadata, else by the certificate of the connection. A token that is sent has to be
 * good: whoever sends one does not want to be taken for the proxy in front of them.
 */
export function createDoorkeeper(deps: DoorkeeperDeps): Doorkeeper {
  const { clock, onRefused } = deps;

  function accept({ caller, expiresAtMs }: Credential): Caller {
    if (clock.nowMs() < expiresAtMs) return caller;
    throw new Refusal("expired");
  }

  function count(error: unknown): never {
    onRefused(error instanceof Refusal ? error.reason : "unavailable");
    throw error;
  }

  return {
    identify: (call) => {
      try {
        const found = findCredential(call, deps);
        return found instanceof Promise ? found.then(accept).catch(count) : accept(found);
      } catch (error) {
        return count(error);
      }
    },
    onDenied: () => {
      onRefused("scope");
    },
  };
}

function findCredential(call: IncomingCall, deps: DoorkeeperDeps): Credential | Promise<Credential> {
  const [header, second] = call.metadata.get("authorization");
  if (header === undefined) return findByCertificate(call, deps);
  const [, token] = BEARER.exec(String(header)) ?? [];
  if (token === undefined || second !== undefined) throw new Refusal("malformed");
  if (hasTokenPrefix(token)) return findByToken(token, deps);
  if (!deps.jwt) throw new Refusal("malformed");
  return deps.jwt.verify(token);
}

function findByToken(token: string, { listed, stored }: DoorkeeperDeps): Credential | Promise<Credential> {
  const sha256 = hashToken(token);
  const found = listed().byToken.get(sha256);
  if (found) return found;
  if (!isAccessToken(token)) throw new Refusal("malformed");
  const known = stored?.find(sha256);
  return known instanceof Promise ? known.then(orRefuse) : orRefuse(known);
}

function orRefuse(found: Credential | undefined): Credential {
  if (!found) throw new Refusal("unknown_token");
  return found;
}

function findByCertificate({ peerCertificate }: IncomingCall, { listed }: DoorkeeperDeps): Credential {
  const { byCertificate } = listed();
  const certificate = byCertificate.size > 0 ? peerCertificate() : undefined;
  if (!certificate) throw new Refusal("no_credentials");
  for (const name of namesOf(certificate)) {
    const found = byCertificate.get(name);
    if (found) return found;
  }
  throw new Refusal("unknown_certificate");
}
