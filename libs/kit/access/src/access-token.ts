import { hash } from "node:crypto";
import { crc32 } from "node:zlib";

/**
 * `pr_`, 32 random bytes and their CRC-32 in front, both as base64url: 52 characters in all, of which a scanner of
 * repositories knows by prefix, length and checksum that it has found one, and we know without asking anybody that a
 * mistyped one is none.
 */
const PREFIX = "pr_";
const SECRET_BYTES = 32;
const CHECKSUM_BYTES = 4;
const FORM = /^pr_[A-Za-z0-9_-]{49}$/;

/** A new token, to be shown once. @param randomBytes cryptographically strong */
export function createAccessToken(randomBytes: (count: number) => Uint8Array): string {
  const secret = encode(randomBytes(SECRET_BYTES));
  return PREFIX + secret + checksumOf(secret);
}

/** Whether it looks like one of ours; then it is worth looking it up. */
export function isAccessToken(text: string): boolean {
  if (!FORM.test(text)) return false;
  const secretEnd = text.length - encode(new Uint8Array(CHECKSUM_BYTES)).length;
  return text.slice(secretEnd) === checksumOf(text.slice(PREFIX.length, secretEnd));
}

/** Whether it is meant to be one of ours: what is said of it then needs no other kind of credentials. */
export function hasTokenPrefix(text: string): boolean {
  return text.startsWith(PREFIX);
}

/**
 * What is kept of a token. No salt and no slow hash: 256 random bits can't be guessed. Looking it up in a Map takes no
 * constant time, and need not: what could be measured is how far hashes agree, and nobody can choose a token by its hash.
 */
export function hashToken(token: string): string {
  return hash("sha256", token, "hex");
}

function checksumOf(secret: string): string {
  const checksum = Buffer.alloc(CHECKSUM_BYTES);
  checksum.writeUInt32BE(crc32(secret));
  return encode(checksum);
}

function encode(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64url");
}
