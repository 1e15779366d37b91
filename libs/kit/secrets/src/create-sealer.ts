// Envelope encryption: each secret is sealed under a data key of its own, and that under a master key.
//
//   s1 . <id of the master key> . <the data key, sealed> . <the secret, sealed>
//
// Both sealed parts are the base64url of a random nonce (12 bytes), the ciphertext, and the tag (16 bytes) of AES-256-GCM
// (NIST SP 800-38D). The additional data of the second is the context; that of the first is `s1.<id>.` and the context: so
// nothing that stands in a sealed text can be exchanged, and no sealed text can be moved to another context.
//
// A master key only ever encrypts random data keys. NIST bounds one key to 2^32 random nonces; a platform that made a
// secret each second would be there in 136 years. A data key encrypts once.
import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject } from "node:crypto";
import type { MasterKeys } from "./master-keys.ts";
import { SecretsError } from "./secrets-error.ts";

const FORMAT = "s1";
const CIPHER = "aes-256-gcm";
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const DATA_KEY_BYTES = 32;

/** Seals texts so that only who holds the master key reads them, and only in the context that they were sealed for. */
export interface Sealer {
  /** Under which {@link Sealer.seal} seals. */
  readonly currentKeyId: string;
  /** All that {@link Sealer.open} knows, the current one first. */
  readonly keyIds: readonly string[];
  /** @param keyId one of {@link Sealer.keyIds}; the current one if absent */
  readonly seal: (secret: string, context: string, keyId?: string) => string;
  /** @throws {SecretsError} `unknown_key`, or `unreadable` for what was not sealed here, so, for this context */
  readonly open: (sealed: string, context: string) => string;
  /** The same secret under the current key; only its data key is sealed anew. @throws {SecretsError} as `open` */
  readonly reseal: (sealed: string, context: string) => string;
}

export interface SealerDeps {
  readonly masterKeys: MasterKeys;
  /** Cryptographically strong. */
  readonly randomBytes: (count: number) => Uint8Array;
}

export function createSealer({ masterKeys: { currentId, byId }, randomBytes }: SealerDeps): Sealer {
  function keyOf(id: string): KeyObject {
    const key = byId.get(id);
    if (key) return key;
    const known = [...byId.keys()].join(", ");
    throw new SecretsError("unknown_key", `it is sealed under master key ${id}, and this process has ${known}`);
  }

  function wrap(keyId: string, dataKey: Uint8Array, context: string): string {
    const head = headOf(keyId);
    return head + encrypt({ key: keyOf(keyId), plaintext: dataKey, context: head + context });
  }

  function unwrap({ keyId, wrapped }: SealedParts, context: string): Buffer {
    return decrypt({ key: keyOf(keyId), keyId, sealed: wrapped, context: headOf(keyId) + context });
  }

  function encrypt({ key, plaintext, context }: Encryption): string {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES });
    cipher.setAAD(Buffer.from(context));
    const ciphertext = [cipher.update(plaintext), cipher.final()];
    return Buffer.concat([nonce, ...ciphertext, cipher.getAuthTag()]).toString("base64url");
  }

  return {
    currentKeyId: currentId,
    keyIds: [...byId.keys()],
    seal: (secret, context, keyId = currentId) => {
      const dataKey = randomBytes(DATA_KEY_BYTES);
      const body = encrypt({ key: createSecretKey(dataKey), plaintext: Buffer.from(secret), context });
      return `${wrap(keyId, dataKey, context)}.${body}`;
    },
    open: (sealed, context) => {
      const parts = parseSealed(sealed);
      const key = createSecretKey(unwrap(parts, context));
      return decrypt({ key, keyId: parts.keyId, sealed: parts.body, context }).toString("utf8");
    },
    reseal: (sealed, context) => {
      const parts = parseSealed(sealed);
      return parts.keyId === currentId ? sealed : `${wrap(currentId, unwrap(parts, context), context)}.${parts.body}`;
    },
  };
}

// Keys are KeyObjects everywhere: given as bytes, node:crypto needs five times as long for texts as short as these.

interface SealedParts {
  readonly keyId: string;
  readonly wrapped: string;
  readonly body: string;
}

interface Encryption {
  readonly key: KeyObject;
  readonly plaintext: Uint8Array;
  readonly context: string;
}

interface Decryption {
  readonly key: KeyObject;
  readonly keyId: string;
  readonly sealed: string;
  readonly context: string;
}

function headOf(keyId: string): string {
  return `${FORMAT}.${keyId}.`;
}

function parseSealed(sealed: string): SealedParts {
  const [format, keyId, wrapped, body, ...more] = sealed.split(".");
  if (format !== FORMAT || !keyId || !wrapped || !body || more.length > 0) {
    throw new SecretsError("unreadable", `it is no sealed secret of the form ${FORMAT}.id.key.secret`);
  }
  return { keyId, wrapped, body };
}

function decrypt({ key, keyId, sealed, context }: Decryption): Buffer {
  const bytes = Buffer.from(sealed, "base64url");
  if (bytes.length < NONCE_BYTES + TAG_BYTES) throw new SecretsError("unreadable", "it is cut off");
  const decipher = createDecipheriv(CIPHER, key, bytes.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
  decipher.setAAD(Buffer.from(context));
  decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
  try {
    return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]);
  } catch (cause) {
    const why = `it was damaged or moved, or sealed under another key that is called ${keyId} too`;
    throw new SecretsError("unreadable", `master key ${keyId} does not open it: ${why}`, { cause });
  }
}
