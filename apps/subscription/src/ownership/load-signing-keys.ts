import { listActiveKeys, type LiveSubscription } from "@postrider/domain-subscription";
import { parseSigningSecret, type SigningKey } from "@postrider/kit-signature";
import { openSecrets } from "../store/signing-secrets.ts";
import type { SubscriptionDeps } from "../subscription-deps.ts";

/** What would sign a delivery of the subscription now. @throws {SecretsError} when one of the secrets can't be opened */
export async function loadSigningKeys(
  { database, sealer, clock }: Pick<SubscriptionDeps, "database" | "sealer" | "clock">,
  subscription: LiveSubscription,
): Promise<readonly SigningKey[]> {
  const rows = await database
    .selectFrom("signing_secrets")
    .select(["key_id", "sealed"])
    .where("subscription_id", "=", subscription.id)
    .execute();
  const sealed = new Map(rows.map((row) => [row.key_id, row.sealed]));
  const keys = listActiveKeys(subscription.keys, clock.nowMs());
  return openSecrets(sealer, subscription, { keys, sealed }).map(({ secret }) => {
    const parsed = parseSigningSecret(secret);
    if (parsed.kind === "invalid") throw new Error(`a signing key of ${subscription.id} is invalid: ${parsed.reason}`);
    return parsed.key;
  });
}
