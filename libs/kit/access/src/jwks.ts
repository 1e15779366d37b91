import { type Clock, pause, type Service } from "@postrider/kit-lifecycle";
import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from "jose";

/** An issuer's public keys, kept up to date while it runs. */
export interface IssuerKeys extends Service {
  /** @throws {@link NoKeys}; jose's errors when none of the keys is meant */
  readonly find: JWTVerifyGetKey;
}

/** The issuer's keys were never there yet. */
export class NoKeys extends Error {
  override readonly name = "NoKeys";
}

/** Keys that the issuer has withdrawn are forgotten by then. */
const REFRESH_MS = 600_000;
/** After a failure; and between two tries because of a key that is not known: whoever sends JWTs can name any. */
const RETRY_MS = 10_000;
const TIMEOUT_MS = 5000;
/** Hundreds of keys. */
const MAX_BYTES = 256 * 1024;

export interface JwksOptions {
  readonly url: string;
  readonly clock: Clock;
  /** When they can't be fetched, and when they can again; those that are known stay meanwhile. */
  readonly onOutcome: (outcome: { kind: "reloaded" } | { kind: "unusable"; error: unknown }) => void;
}

/** Reads a JSON Web Key Set. @throws Error when it is none */
export function parseJwks(text: string): JWTVerifyGetKey {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw new Error("is not a JSON Web Key Set: it is not JSON", { cause: error });
  }
  try {
    return createLocalJWKSet(parsed as JSONWebKeySet);
  } catch (error) {
    throw new Error('is not a JSON Web Key Set such as {"keys":[...]}', { cause: error });
  }
}

/**
 * Keys from a URL that the operator set: fetched every ten minutes, and when a key is not known, at most every ten
 * seconds. While the issuer is away the last keys are good.
 */
export function createRemoteKeys({ url, clock, onOutcome }: JwksOptions): IssuerKeys {
  let known: JWTVerifyGetKey | undefined;
  let fetching: Promise<void> | undefined;
  let triedAtMs = -Infinity;
  let isFailing = false;

  async function refresh(): Promise<void> {
    triedAtMs = clock.nowMs();
    try {
      known = parseJwks(await fetchText(url));
      if (isFailing) onOutcome({ kind: "reloaded" });
      isFailing = false;
    } catch (error) {
      if (!isFailing) onOutcome({ kind: "unusable", error });
      isFailing = true;
    }
  }

  /** One at a time, for all who wait for it. */
  async function refreshOnce(): Promise<void> {
    fetching ??= refresh().finally(() => {
      fetching = undefined;
    });
    await fetching;
  }

  return {
    name: "issuer-keys",
    find: async (header, token) => {
      const isDue = (): boolean => fetching !== undefined || clock.nowMs() - triedAtMs >= RETRY_MS;
      if (!known && isDue()) await refreshOnce();
      if (!known) throw new NoKeys("the issuer's keys could not be fetched yet");
      try {
        return await known(header, token);
      } catch (error) {
        if (!(error instanceof errors.JWKSNoMatchingKey) || !isDue()) throw error;
        await refreshOnce();
        return await known(header, token);
      }
    },
    run: async (signal) => {
      while (!signal.aborted) {
        const before = known;
        await refreshOnce();
        await pause(clock, known === before ? RETRY_MS : REFRESH_MS, signal);
      }
    },
  };
}

/**
 * Not through kit/egress, whose policy is for URLs of strangers: this one is the operator's, and leads to an issuer that
 * may be on any network. It has a deadline over everything, an end of what is read, and follows no redirect.
 */
async function fetchText(url: string): Promise<string> {
  const response = await fetch(url, {
    ...{ signal: AbortSignal.timeout(TIMEOUT_MS), redirect: "error" },
    headers: { accept: "application/jwk-set+json, application/json" },
  });
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += piece.byteLength;
    if (bytes > MAX_BYTES) throw new Error(`${url} answered more than ${MAX_BYTES} bytes`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString("utf8");
}
