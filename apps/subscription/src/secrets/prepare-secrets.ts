import { SecretsError } from "@postrider/kit-secrets";
import type { Logger } from "@postrider/kit-telemetry";
import type { SubscriptionDeps } from "../subscription-deps.ts";
import { adoptPlainSecrets } from "./adopt-plain-secrets.ts";
import { listMasterKeyUsage } from "./master-key-usage.ts";

/** What is sealed under each master key, to tell whether a key is the one that this database knows by its id. */
const CHECK = "the master key of this id";
const CONTEXT = "master_key_checks";

export interface PrepareSecretsDeps extends Pick<SubscriptionDeps, "store" | "database" | "sealer"> {
  readonly logger: Logger;
}

/**
 * What must be so before a secret is used: each master key is the one that was called so before, all that are in use are
 * there, and no secret stands in the database in plain.
 * @throws {SecretsError} that names the key; {EventStoreError}
 */
export async function prepareSecrets(deps: PrepareSecretsDeps): Promise<void> {
  const known = await listMasterKeyIds(deps.database);
  // Before the first check is written, so that what was interrupted is done again at the next start.
  if (known.length === 0) await adoptPlainSecrets(deps);
  await assertKeysInUse(deps);
  await assertSameKeys(deps);
}

/** The ids of all master keys that were ever used with this database; none in one that is new. */
export async function listMasterKeyIds(database: SubscriptionDeps["database"]): Promise<readonly string[]> {
  const rows = await database.selectFrom("master_key_checks").select("master_key_id").execute();
  return rows.map(({ master_key_id }) => master_key_id);
}

async function assertKeysInUse({ database, sealer }: PrepareSecretsDeps): Promise<void> {
  const missing = (await listMasterKeyUsage({ database, sealer })).filter(({ isKnown }) => !isKnown);
  if (missing.length === 0) return;
  const words = missing.map(({ id, secrets }) => `${secrets} under ${id}`).join(", ");
  const has = sealer.keyIds.join(", ");
  const hint = "Add what is missing behind the first key, until `postrider secrets rewrap` has moved all to the first";
  throw new SecretsError(
    "unknown_key",
    `secrets are encrypted under master keys that are not set: ${words}. Set are: ${has}. ${hint}.`,
  );
}

async function assertSameKeys({ database, sealer }: PrepareSecretsDeps): Promise<void> {
  const own = sealer.keyIds.map((id) => ({ master_key_id: id, sealed: sealer.seal(CHECK, CONTEXT, id) }));
  // Whoever is first with an id says which key it is.
  await database
    .insertInto("master_key_checks")
    .values(own)
    .onConflict((conflict) => conflict.column("master_key_id").doNothing())
    .execute();
  const rows = await database
    .selectFrom("master_key_checks")
    .selectAll()
    .where("master_key_id", "in", sealer.keyIds)
    .execute();
  for (const { master_key_id, sealed } of rows) {
    try {
      sealer.open(sealed, CONTEXT);
    } catch (cause) {
      if (!(cause instanceof SecretsError)) throw cause;
      const what = `master key ${master_key_id} is not the one that was used with this database under that id`;
      throw new SecretsError("unreadable", `${what}: set that one, or give the new one another id`, { cause });
    }
  }
}
