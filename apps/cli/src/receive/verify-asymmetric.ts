import { createPublicKey, type KeyObject, verify } from "node:crypto";
import { UsageError } from "../failures.ts";
import type { Verify } from "./verify-webhook.ts";

const PREFIX = "whpk_";
const KEY_BYTES = 32;
/** As the public libraries have it, both ways. */
const TOLERANCE_SECONDS = 300;

/** Whether it is the public key of `v1a` signatures, to judge by its beginning. */
export function isPublicKey(text: string): boolean {
  return text.startsWith(PREFIX);
}

/**
 * Verifies `v1a` signatures (ed25519), which the public libraries don't know, by the words of Standard Webhooks 1.0.0 and
 * with nothing but node:crypto: what a receiver would write.
 * @throws UsageError when the key is none
 */
export function createAsymmetricVerify(publicKey: string, nowMs: () => number): Verify {
  const key = importKey(publicKey);
  return (body, headers) => {
    const [id, timestamp, signatures] = ["id", "timestamp", "signature"].map(
      (name) => headers[`webhook-${name}`] ?? "",
    );
    if (!id || !timestamp || !signatures) return { kind: "failed", reason: "Missing required headers" };
    if (!/^\d{1,15}$/.test(timestamp)) return { kind: "failed", reason: "The timestamp is not a number" };
    const ageSeconds = Math.floor(nowMs() / 1000) - Number(timestamp);
    if (Math.abs(ageSeconds) > TOLERANCE_SECONDS) {
      return { kind: "failed", reason: `The timestamp is ${ageSeconds} s old; ${TOLERANCE_SECONDS} are tolerated` };
    }
    const signed = Buffer.concat([Buffer.from(`${id}.${timestamp}.`), body]);
    const isGenuine = signatures.split(" ").some((token) => isSignedBy(key, token, signed));
    return isGenuine ? { kind: "verified" } : { kind: "failed", reason: "No matching signature found" };
  };
}

function isSignedBy(key: KeyObject, token: string, signed: Buffer): boolean {
  const [version, signature, ...more] = token.split(",");
  if (version !== "v1a" || signature === undefined || more.length > 0) return false;
  return verify(null, signed, key, Buffer.from(signature, "base64"));
}

function importKey(text: string): KeyObject {
  const encoded = text.slice(PREFIX.length);
  const bytes = Buffer.from(encoded, "base64");
  if (bytes.toString("base64") !== encoded || bytes.length !== KEY_BYTES) {
    throw new UsageError(`the public key is not ${PREFIX} and the padded base64 of ${KEY_BYTES} bytes`);
  }
  const jwk = { kty: "OKP", crv: "Ed25519", x: bytes.toString("base64url") };
  return createPublicKey({ key: jwk, format: "jwk" });
}
