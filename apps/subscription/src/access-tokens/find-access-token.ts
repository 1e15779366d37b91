import type { IssuedToken } from "@postrider/domain-access";
import { decodeAccessTokenDocument } from "../store/access-token-aggregate.ts";
import type { SubscriptionDeps } from "../subscription-deps.ts";

/** The valid token with the hash; undefined when there is none, or it was revoked. */
export async function findAccessToken(
  { database }: Pick<SubscriptionDeps, "database">,
  sha256: string,
): Promise<IssuedToken | undefined> {
  const row = await database
    .selectFrom("access_tokens")
    .select("document")
    .where("sha256", "=", sha256)
    .where("state", "=", "valid")
    .executeTakeFirst();
  return row && decodeAccessTokenDocument(row.document);
}
