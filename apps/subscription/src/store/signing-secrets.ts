import { isLive, type SigningKey, type Subscription } from "@postrider/domain-subscription";
import { type Sealer, SecretsError } from "@postrider/kit-secrets";
import type { Compilable, InsertQueryBuilder, InsertResult, Kysely } from "kysely";
import type { SubscriptionSchema } from "./subscription-schema.ts";

// Secrets stand in a table of their own, sealed; events and projections name them by their keys' ids. Events are forever,
// and a secret must not be: so it can be sealed under another master key, and erased.

type Database = Kysely<SubscriptionSchema>;

/** Whose key it is: with it a sealed secret can't be taken for that of another key, subscription or tenant. */
export interface KeyOwner {
  readonly tenantId: string;
  readonly subscriptionId: string;
  readonly keyId: string;
}

/** What a secret is sealed for. None of the ids has a bar in it. */
export function contextOf({ tenantId, subscriptionId, keyId }: KeyOwner): string {
  return `${tenantId}|${subscriptionId}|${keyId}`;
}

export interface SecretOfKey extends KeyOwner {
  readonly secret: string;
  /** When it signs no more; absent: it is the current one. */
  readonly expiresAtMs?: number | undefined;
}

/** The query that keeps a key's secret. */
export function insertSecret(
  { database, sealer }: { readonly database: Database; readonly sealer: Sealer },
  { secret, expiresAtMs, ...owner }: SecretOfKey,
): InsertQueryBuilder<SubscriptionSchema, "signing_secrets", InsertResult> {
  return database.insertInto("signing_secrets").values({
    key_id: owner.keyId,
    tenant_id: owner.tenantId,
    subscription_id: owner.subscriptionId,
    sealed: sealer.seal(secret, contextOf(owner)),
    master_key_id: sealer.currentKeyId,
    expires_at_ms: expiresAtMs ?? null,
  });
}

/** The queries that erase the secrets of keys that are gone with this change, and set an end to those that have one now. */
export function retireSecrets(database: Database, before: Subscription, next: Subscription): readonly Compilable[] {
  if (!isLive(before)) return [];
  const ofSubscription = database.deleteFrom("signing_secrets").where("subscription_id", "=", before.id);
  if (!isLive(next)) return [ofSubscription];
  if (next.keys === before.keys) return [];
  const kept = next.keys.map(({ id }) => id);
  const ending = next.keys.filter(({ expiresAtMs }) => expiresAtMs !== undefined);
  return [
    ofSubscription.where("key_id", "not in", kept),
    ...ending.map(({ id, expiresAtMs = null }) =>
      database.updateTable("signing_secrets").set({ expires_at_ms: expiresAtMs }).where("key_id", "=", id),
    ),
  ];
}

/** Erases what signs no more, though its subscription did not change since. Answers how many there were. */
export async function eraseExpiredSecrets(database: Database, nowMs: number): Promise<number> {
  const { numDeletedRows } = await database
    .deleteFrom("signing_secrets")
    .where("expires_at_ms", "<=", nowMs)
    .executeTakeFirstOrThrow();
  return Number(numDeletedRows);
}

/** A key that signs, ready for use. */
export interface OpenedKey {
  readonly secret: string;
  readonly expiresAtMs: number | undefined;
}

/**
 * Opens the secrets of keys.
 * @param sealed by the keys' ids
 * @throws {SecretsError} that names the subscription: all of them or none, so that nothing is signed with a part of them
 */
export function openSecrets(
  sealer: Sealer,
  { tenantId, id: subscriptionId }: { readonly tenantId: string; readonly id: string },
  { keys, sealed }: { readonly keys: readonly SigningKey[]; readonly sealed: ReadonlyMap<string, string> },
): readonly OpenedKey[] {
  return keys.map(({ id: keyId, expiresAtMs }) => {
    try {
      const text = sealed.get(keyId);
      if (text === undefined) throw new SecretsError("unreadable", "it is not there");
      return { secret: sealer.open(text, contextOf({ tenantId, subscriptionId, keyId })), expiresAtMs };
    } catch (cause) {
      if (!(cause instanceof SecretsError)) throw cause;
      const what = `the secret of ${keyId} of ${subscriptionId} can't be used`;
      throw new SecretsError(cause.code, `${what}: ${cause.message}`, { cause });
    }
  });
}
