/** A signing secret; without `expiresAtMs` it is the current one. */
export interface Secret {
  readonly secret: string;
  readonly expiresAtMs?: number;
}

const HOUR_MS = 3_600_000;

/** Time enough for a receiver's next deployment. The habit of the field: Svix has the same. */
export const DEFAULT_OVERLAP_MS = 24 * HOUR_MS;
export const MAX_OVERLAP_MS = 7 * 24 * HOUR_MS;

/** Each old secret is one more signature on every request. */
const MAX_OLD_SECRETS = 10;

/** Puts the new secret first and lets the current one end at `oldExpiresAtMs`; what has ended by `atMs` is dropped. */
export function rotateSecrets(
  secrets: readonly Secret[],
  rotation: { readonly secret: string; readonly oldExpiresAtMs: number; readonly atMs: number },
): readonly Secret[] {
  const old = secrets
    .map(({ secret, expiresAtMs }) => ({ secret, expiresAtMs: expiresAtMs ?? rotation.oldExpiresAtMs }))
    .filter(({ expiresAtMs }) => expiresAtMs > rotation.atMs);
  return [{ secret: rotation.secret }, ...old.slice(0, MAX_OLD_SECRETS)];
}

/** Those that sign at `nowMs`, the newest first. */
export function listActiveSecrets(secrets: readonly Secret[], nowMs: number): readonly Secret[] {
  return secrets.filter(({ expiresAtMs }) => expiresAtMs === undefined || expiresAtMs > nowMs);
}
