import { createSecretKey, type KeyObject } from "node:crypto";

/** Fewest bytes of a secret (Standard Webhooks 1.0.0, "Signature scheme"). */
export const MIN_SECRET_BYTES = 24;
/** Most bytes of a secret (same source). */
export const MAX_SECRET_BYTES = 64;

/** 256 bits: as strong as the HMAC-SHA256 it is for. */
const CREATED_SECRET_BYTES = 32;

const SECRET_PREFIX = "whsec_";

/**
 * What signs. `scheme` is the version in front of each signature token; ed25519 (`v1a`) will be a second member.
 * The key is held as a KeyObject: it is imported once, not at each signature, and does not print its bytes.
 */
export interface SigningKey {
  readonly scheme: "v1";
  readonly secret: KeyObject;
}

/** A key, or why the text is none. The reason never repeats the text: it may be a secret with a typing error. */
export type ParsedSigningSecret =
  { readonly kind: "key"; readonly key: SigningKey } | { readonly kind: "invalid"; readonly reason: string };

/** Reads `whsec_` + padded base64 of 24 to 64 bytes, the form of Standard Webhooks 1.0.0. Strict: no other alphabet, no blanks. */
export function parseSigningSecret(text: string): ParsedSigningSecret {
  if (!text.startsWith(SECRET_PREFIX)) return invalid(`a signing secret starts with ${SECRET_PREFIX}`);
  const encoded = text.slice(SECRET_PREFIX.length);
  const bytes = Buffer.from(encoded, "base64");
  // Node's decoder skips what it doesn't know: only canonical base64 survives the way back.
  if (bytes.toString("base64") !== encoded) {
    return invalid(`after ${SECRET_PREFIX} a signing secret is padded standard base64`);
  }
  if (bytes.length < MIN_SECRET_BYTES || bytes.length > MAX_SECRET_BYTES) {
    return invalid(`a signing secret has ${MIN_SECRET_BYTES} to ${MAX_SECRET_BYTES} bytes, not ${bytes.length}`);
  }
  return { kind: "key", key: { scheme: "v1", secret: createSecretKey(bytes) } };
}

/** Makes a fresh secret in the form that {@link parseSigningSecret} reads. `randomBytes(n)` must be cryptographically strong. */
export function createSigningSecret(randomBytes: (count: number) => Uint8Array): string {
  return SECRET_PREFIX + Buffer.from(randomBytes(CREATED_SECRET_BYTES)).toString("base64");
}

function invalid(reason: string): ParsedSigningSecret {
  return { kind: "invalid", reason };
}
