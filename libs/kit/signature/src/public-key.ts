/** Of ed25519 (RFC 8032). */
export const PUBLIC_KEY_BYTES = 32;

const PUBLIC_PREFIX = "whpk_";

/** The form of Standard Webhooks 1.0.0: `whpk_` + base64 of the 32 bytes. */
export function formatPublicKey(bytes: Uint8Array): string {
  return PUBLIC_PREFIX + Buffer.from(bytes).toString("base64");
}
