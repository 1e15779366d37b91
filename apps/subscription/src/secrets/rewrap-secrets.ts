import { SecretsError } from "@postrider/kit-secrets";
import { contextOf } from "../store/signing-secrets.ts";
import type { SubscriptionDeps } from "../subscription-deps.ts";

export interface RewrapAsked {
  readonly pageSize: number;
  /** The key's id after which the page begins; empty for the first. */
  readonly after: string;
}

export interface Rewrapped {
  /** Secrets that were moved to the current master key. */
  readonly rewrapped: number;
  /** Subscriptions with a secret that can't be opened; it stays as it is. */
  readonly unreadable: readonly string[];
  readonly nextAfter: string | undefined;
}

/**
 * Seals a page of secrets that are under another master key under the current one. Nothing is lost if it ends halfway, or
 * runs twice at once: each secret is replaced on its own, and only if it is still the one that was read.
 */
export async function rewrapSecrets(
  { database, sealer }: Pick<SubscriptionDeps, "database" | "sealer">,
  { pageSize, after }: RewrapAsked,
): Promise<Rewrapped> {
  const rows = await database
    .selectFrom("signing_secrets")
    .select(["key_id", "tenant_id", "subscription_id", "sealed"])
    .where("master_key_id", "!=", sealer.currentKeyId)
    .where("key_id", ">", after)
    .orderBy("key_id")
    .limit(pageSize)
    .execute();
  const outcomes = await Promise.all(
    rows.map(async ({ key_id, tenant_id, subscription_id, sealed }) => {
      const context = contextOf({ tenantId: tenant_id, subscriptionId: subscription_id, keyId: key_id });
      try {
        const fresh = { sealed: sealer.reseal(sealed, context), master_key_id: sealer.currentKeyId };
        const query = database.updateTable("signing_secrets").set(fresh);
        const { numUpdatedRows } = await query
          .where("key_id", "=", key_id)
          .where("sealed", "=", sealed)
          .executeTakeFirstOrThrow();
        return { rewrapped: Number(numUpdatedRows), unreadable: [] };
      } catch (error) {
        if (!(error instanceof SecretsError)) throw error;
        return { rewrapped: 0, unreadable: [subscription_id] };
      }
    }),
  );
  return {
    rewrapped: outcomes.reduce((sum, { rewrapped }) => sum + rewrapped, 0),
    unreadable: outcomes.flatMap(({ unreadable }) => unreadable),
    nextAfter: rows.length < pageSize ? undefined : rows.at(-1)?.key_id,
  };
}
