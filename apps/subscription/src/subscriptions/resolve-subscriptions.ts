import { matchesAny } from "@postrider/domain-event";
import { listActiveKeys, type LiveSubscription } from "@postrider/domain-subscription";
import { type OpenedKey, openSecrets } from "../store/signing-secrets.ts";
import { decodeSubscriptionDocument } from "../store/subscription-aggregate.ts";
import type { SubscriptionDeps } from "../subscription-deps.ts";

/** A subscription with what signs its deliveries now, the newest first. */
interface ResolvedSubscription {
  readonly subscription: LiveSubscription;
  readonly keys: readonly OpenedKey[];
}

export interface Resolution {
  /** Active and paused ones. */
  readonly subscriptions: readonly ResolvedSubscription[];
  /** Every change up to it is in the answer. */
  readonly revision: number;
}

/**
 * Who of the tenant wants events of the type: one indexed query, then patterns in memory.
 * @throws {SecretsError} when a secret can't be opened: then nobody of the tenant can be told, so that its events wait
 */
export async function resolveSubscriptions(
  { store, database, sealer, clock }: Pick<SubscriptionDeps, "store" | "database" | "sealer" | "clock">,
  { tenantId, eventType }: { readonly tenantId: string; readonly eventType: string },
): Promise<Resolution> {
  // Before the query: a change between the two is in the answer, and is told once more by Watch, which does no harm.
  const revision = await store.revision();
  // One query, so that keys and secrets are of one moment: a rotation may erase what was read of it just before.
  const rows = await database
    .selectFrom("subscriptions")
    .leftJoin("signing_secrets", "signing_secrets.subscription_id", "subscriptions.id")
    .select(["subscriptions.id", "document", "key_id", "sealed"])
    .where("subscriptions.tenant_id", "=", tenantId)
    .where("state", "in", ["active", "paused"])
    .orderBy("subscriptions.id")
    .execute();
  const nowMs = clock.nowMs();
  const subscriptions = gather(rows)
    .filter(({ subscription }) => matchesAny(subscription.settings.eventTypes, eventType))
    .map(({ subscription, sealed }) => {
      const keys = listActiveKeys(subscription.keys, nowMs);
      return { subscription, keys: openSecrets(sealer, subscription, { keys, sealed }) };
    });
  return { subscriptions, revision };
}

interface Row {
  readonly id: string;
  readonly document: string;
  readonly key_id: string | null;
  readonly sealed: string | null;
}

interface Gathered {
  readonly subscription: LiveSubscription;
  /** By the keys' ids. */
  readonly sealed: Map<string, string>;
}

/** One of each subscription, whose rows follow each other: it has a row for each secret. */
function gather(rows: readonly Row[]): readonly Gathered[] {
  const gathered: Gathered[] = [];
  for (const { id, document, key_id, sealed } of rows) {
    let last = gathered.at(-1);
    if (last?.subscription.id !== id) {
      last = { subscription: decodeSubscriptionDocument(document), sealed: new Map() };
      gathered.push(last);
    }
    if (key_id !== null && sealed !== null) last.sealed.set(key_id, sealed);
  }
  return gathered;
}
