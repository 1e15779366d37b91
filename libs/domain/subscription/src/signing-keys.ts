import type { SignatureKind } from "./settings.ts";

/** What signs, by reference: the secret itself is kept elsewhere, so that it can be locked, moved and erased. */
export interface NewSigningKey {
  readonly id: string;
  readonly kind: SignatureKind;
  /** Of ed25519 only: what its receiver verifies with. No secret. */
  readonly publicKey?: string;
}

/** A key of a subscription; without `expiresAtMs` it is the current one. */
export interface SigningKey extends NewSigningKey {
  readonly expiresAtMs?: number;
}

const HOUR_MS = 3_600_000;

/** Time enough for a receiver's next deployment. The habit of the field: Svix has the same. */
export const DEFAULT_OVERLAP_MS = 24 * HOUR_MS;
export const MAX_OVERLAP_MS = 7 * 24 * HOUR_MS;

/** Each old key is one more signature on every request. */
const MAX_OLD_KEYS = 10;

/** Puts the new key first and lets the current one end at `oldExpiresAtMs`; what has ended by `atMs` is dropped. */
export function rotateKeys(
  keys: readonly SigningKey[],
  rotation: { readonly key: NewSigningKey; readonly oldExpiresAtMs: number; readonly atMs: number },
): readonly SigningKey[] {
  const old = keys
    .map((key) => ({ ...key, expiresAtMs: key.expiresAtMs ?? rotation.oldExpiresAtMs }))
    .filter(({ expiresAtMs }) => expiresAtMs > rotation.atMs);
  return [rotation.key, ...old.slice(0, MAX_OLD_KEYS)];
}

/** Those that sign at `nowMs`, the newest first. */
export function listActiveKeys(keys: readonly SigningKey[], nowMs: number): readonly SigningKey[] {
  return keys.filter(({ expiresAtMs }) => expiresAtMs === undefined || expiresAtMs > nowMs);
}
