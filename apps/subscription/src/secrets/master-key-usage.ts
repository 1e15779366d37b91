import type { SubscriptionDeps } from "../subscription-deps.ts";

/** A master key, and how much depends on it. */
export interface MasterKeyUsage {
  readonly id: string;
  /** Secrets that are sealed under it. */
  readonly secrets: number;
  /** Whether this process has it. */
  readonly isKnown: boolean;
}

/** The keys of this process, the current one first, then those that are in use and missing here. */
export async function listMasterKeyUsage({
  database,
  sealer,
}: Pick<SubscriptionDeps, "database" | "sealer">): Promise<readonly MasterKeyUsage[]> {
  const rows = await database
    .selectFrom("signing_secrets")
    .select(({ fn }) => ["master_key_id", fn.countAll<number | string>().as("secrets")])
    .groupBy("master_key_id")
    .orderBy("master_key_id")
    .execute();
  // PostgreSQL counts in bigint, which comes as text.
  const inUse = new Map(rows.map(({ master_key_id, secrets }) => [master_key_id, Number(secrets)]));
  const missing = [...inUse.keys()].filter((id) => !sealer.keyIds.includes(id));
  return [
    ...sealer.keyIds.map((id) => ({ id, secrets: inUse.get(id) ?? 0, isKnown: true })),
    ...missing.map((id) => ({ id, secrets: inUse.get(id) ?? 0, isKnown: false })),
  ];
}
