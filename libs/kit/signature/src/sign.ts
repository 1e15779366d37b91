import { createHmac, sign as signOneShot } from "node:crypto";

import type { SigningKey } from "./signing-key.ts";

/** One message to sign. */
export interface Signable {
  /** The `webhook-id` header. Contains no dot: dots separate the signed parts. */
  readonly id: string;
  /** The `webhook-timestamp` header: whole seconds since the epoch, of this attempt. */
  readonly timestampSeconds: number;
  /** The bytes that will be sent, not a value that will be serialised again. */
  readonly body: Uint8Array;
  /** One, or several during a rotation, of either scheme: the receiver accepts a message if any of them fits. */
  readonly keys: readonly SigningKey[];
}

/**
 * Makes the value of the `webhook-signature` header: one `v1,<base64>` or `v1a,<base64>` token per key, separated by a
 * space (Standard Webhooks 1.0.0). Signed are the bytes `id.timestamp.body`.
 *
 * @throws RangeError if the id has a dot, the timestamp is not whole, or there is no key: the signature would then
 *   be ambiguous or missing.
 */
export function sign({ id, timestampSeconds, body, keys }: Signable): string {
  if (id.includes(".")) throw new RangeError(`id: "${id}" contains a dot`);
  if (!Number.isSafeInteger(timestampSeconds)) {
    throw new RangeError(`timestampSeconds: ${timestampSeconds} is not a whole number`);
  }
  const [first, ...others] = keys;
  if (first === undefined) throw new RangeError("keys: at least one key is needed");

  const head = `${id}.${timestampSeconds}.`;
  let signatures = signOnce(first, head, body);
  for (const key of others) signatures += ` ${signOnce(key, head, body)}`;
  return signatures;
}

function signOnce({ scheme, secret }: SigningKey, head: string, body: Uint8Array): string {
  return scheme === "v1"
    ? `v1,${createHmac("sha256", secret).update(head).update(body).digest("base64")}`
    : // Ed25519 reads its message twice (RFC 8032, 5.1.6), so it must be there as a whole.
      `v1a,${signOneShot(null, Buffer.concat([Buffer.from(head), body]), secret).toString("base64")}`;
}
