import { createPrivateKey, createPublicKey, createSecretKey, type KeyObject } from "node:crypto";
import { decodePrefixed } from "./decode-prefixed.ts";
import { formatPublicKey, PUBLIC_KEY_BYTES } from "./public-key.ts";

/** Fewest bytes of a secret (Standard Webhooks 1.0.0, "Signature scheme"). */
export const MIN_SECRET_BYTES = 24;
/** Most bytes of a secret (same source). */
export const MAX_SECRET_BYTES = 64;

/** 256 bits: as strong as the HMAC-SHA256 it is for. */
const CREATED_SECRET_BYTES = 32;
const SEED_BYTES = 32;
/** seed || public key, as libsodium and Standard Webhooks have it. */
const PRIVATE_KEY_BYTES = SEED_BYTES + PUBLIC_KEY_BYTES;

const SECRET_PREFIX = "whsec_";
const PRIVATE_PREFIX = "whsk_";

/** RFC 8410, section 7: what stands before the seed in a PKCS #8 key of ed25519. */
const PKCS8_HEAD = Buffer.from("302e020100300506032b657004220420", "hex");

/**
 * What signs. `scheme` is the version in front of each signature token: `v1` is HMAC-SHA256, `v1a` is ed25519.
 * The key is held as a KeyObject: it is imported once, not at each signature, and does not print its bytes.
 */
export type SigningKey =
  | { readonly scheme: "v1"; readonly secret: KeyObject }
  | {
      readonly scheme: "v1a";
      readonly secret: KeyObject;
      /** `whpk_...`: what verifies. No secret. */
      readonly publicKey: string;
    };

/** A key, or why the text is none. The reason never repeats the text: it may be a secret with a typing error. */
export type ParsedSigningSecret =
  { readonly kind: "key"; readonly key: SigningKey } | { readonly kind: "invalid"; readonly reason: string };

/**
 * Reads a secret in the form of Standard Webhooks 1.0.0: `whsec_` + base64 of 24 to 64 bytes, or `whsk_` + base64 of the
 * 64 bytes of an ed25519 pair (seed, then public key). Strict: padded, no other alphabet, no blanks, halves that belong
 * together.
 */
export function parseSigningSecret(text: string): ParsedSigningSecret {
  if (text.startsWith(PRIVATE_PREFIX)) return parsePrivateKey(text);
  if (!text.startsWith(SECRET_PREFIX)) {
    return invalid(`a signing secret starts with ${SECRET_PREFIX} (or, for ed25519, with ${PRIVATE_PREFIX})`);
  }
  const bytes = decodePrefixed(SECRET_PREFIX, text);
  if (!bytes) return invalid(`after ${SECRET_PREFIX} a signing secret is padded standard base64`);
  if (bytes.length < MIN_SECRET_BYTES || bytes.length > MAX_SECRET_BYTES) {
    return invalid(`a signing secret has ${MIN_SECRET_BYTES} to ${MAX_SECRET_BYTES} bytes, not ${bytes.length}`);
  }
  return { kind: "key", key: { scheme: "v1", secret: createSecretKey(bytes) } };
}

/** Strong random bytes, as many as asked for. */
export type RandomBytes = (count: number) => Uint8Array;

/** Makes a fresh secret for `v1`, in the form that {@link parseSigningSecret} reads. */
export function createSigningSecret(randomBytes: RandomBytes): string {
  return SECRET_PREFIX + Buffer.from(randomBytes(CREATED_SECRET_BYTES)).toString("base64");
}

/** Makes a fresh ed25519 pair for `v1a`, in the form that {@link parseSigningSecret} reads. */
export function createPrivateSigningKey(randomBytes: RandomBytes): string {
  const seed = Buffer.from(randomBytes(SEED_BYTES));
  return PRIVATE_PREFIX + Buffer.concat([seed, publicBytesOf(importSeed(seed))]).toString("base64");
}

function parsePrivateKey(text: string): ParsedSigningSecret {
  const bytes = decodePrefixed(PRIVATE_PREFIX, text);
  if (!bytes) return invalid(`after ${PRIVATE_PREFIX} a private key is padded standard base64`);
  if (bytes.length !== PRIVATE_KEY_BYTES) {
    return invalid(`a private key has ${PRIVATE_KEY_BYTES} bytes (seed, then public key), not ${bytes.length}`);
  }
  const secret = importSeed(bytes.subarray(0, SEED_BYTES));
  const publicBytes = publicBytesOf(secret);
  // Signing with a seed while another public key is told out would make signatures that nobody can verify.
  if (!publicBytes.equals(bytes.subarray(SEED_BYTES))) {
    return invalid("the halves of the private key do not belong together: the public one is not the seed's");
  }
  return { kind: "key", key: { scheme: "v1a", secret, publicKey: formatPublicKey(publicBytes) } };
}

function importSeed(seed: Uint8Array): KeyObject {
  return createPrivateKey({ key: Buffer.concat([PKCS8_HEAD, seed]), format: "der", type: "pkcs8" });
}

function publicBytesOf(secret: KeyObject): Buffer {
  return createPublicKey(secret).export({ format: "der", type: "spki" }).subarray(-PUBLIC_KEY_BYTES);
}

function invalid(reason: string): ParsedSigningSecret {
  return { kind: "invalid", reason };
}
