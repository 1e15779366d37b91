import { quote } from "@postrider/domain-event";
import type { NewSigningKey, SignatureKind, SubscriptionEvent } from "@postrider/domain-subscription";
import {
  createPrivateSigningKey,
  createSigningSecret,
  parseSigningSecret,
  type SigningKey,
} from "@postrider/kit-signature";
import type { Compilable } from "kysely";
import { insertSecret } from "../store/signing-secrets.ts";
import type { SubscriptionDeps } from "../subscription-deps.ts";

/** A key with its secret: the one moment at which both are together. */
export interface MadeSigningKey {
  readonly key: NewSigningKey;
  /** `whsec_...` or `whsk_...`. */
  readonly secret: string;
}

/** What the caller wants: a secret that there is already, or a fresh one of a kind. */
export interface WantedKey {
  readonly kind: SignatureKind;
  /** A secret that receivers have already. Absent: one is made. */
  readonly secret?: string | undefined;
}

/** A key, or why the given secret is none. The reason does not repeat it. */
export type KeyOutcome =
  { readonly kind: "made"; readonly made: MadeSigningKey } | { readonly kind: "wrong"; readonly description: string };

const KINDS: Readonly<Record<SigningKey["scheme"], SignatureKind>> = { v1: "hmac_sha256", v1a: "ed25519" };
const ID_BYTES = 10;

/** Makes a key of the kind, or of the given secret, which must be of the kind. */
export function makeSigningKey(
  { randomBytes }: Pick<SubscriptionDeps, "randomBytes">,
  { kind, secret: given }: WantedKey,
): KeyOutcome {
  const create = kind === "ed25519" ? createPrivateSigningKey : createSigningSecret;
  const secret = given ?? create(randomBytes);
  const parsed = parseSigningSecret(secret);
  if (parsed.kind === "invalid") return { kind: "wrong", description: parsed.reason };
  const { key } = parsed;
  if (KINDS[key.scheme] !== kind) {
    const description = `is a key for ${KINDS[key.scheme]}, while the signature is ${quote(kind)}`;
    return { kind: "wrong", description };
  }
  const id = `key_${Buffer.from(randomBytes(ID_BYTES)).toString("hex")}`;
  const publicKey = key.scheme === "v1a" ? { publicKey: key.publicKey } : {};
  return { kind: "made", made: { key: { id, kind, ...publicKey }, secret } };
}

/** The query that keeps the secret, if the events have its key. */
export function keepSecretOf(
  deps: Pick<SubscriptionDeps, "database" | "sealer">,
  made: MadeSigningKey | undefined,
  events: readonly SubscriptionEvent[],
): readonly Compilable[] {
  return events.flatMap((event) => {
    if (!made || !("key" in event) || event.key.id !== made.key.id) return [];
    const { tenantId, id: subscriptionId } = event;
    return [insertSecret(deps, { tenantId, subscriptionId, keyId: made.key.id, secret: made.secret })];
  });
}
