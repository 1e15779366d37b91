import type { SubscriptionDeps } from "../subscription-deps.ts";

type Database = Pick<SubscriptionDeps, "database">;

/**
 * Remembers that a token was used; not as an event, since it changes nothing. A token that is not there is passed over: who
 * tells of its use knew it a moment ago.
 */
export async function recordUse({ database }: Database, id: string, usedAtMs: number): Promise<void> {
  await database
    .updateTable("access_tokens")
    .set({ used_at_ms: usedAtMs })
    .where("id", "=", id)
    .where((where) => where.or([where("used_at_ms", "is", null), where("used_at_ms", "<", usedAtMs)]))
    .execute();
}
