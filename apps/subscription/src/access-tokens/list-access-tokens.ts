import type { IssuedToken } from "@postrider/domain-access";
import { decodeAccessTokenDocument } from "../store/access-token-aggregate.ts";
import { collectPage } from "../store/collect-page.ts";
import type { SubscriptionDeps } from "../subscription-deps.ts";

/** A token, and when it was last used, as far as that was told; milliseconds since the epoch. */
interface ListedToken {
  readonly issued: IssuedToken;
  readonly usedAtMs: number | undefined;
}

export interface AccessTokensPage {
  readonly tokens: readonly ListedToken[];
  /** The id after which the next page begins; undefined on the last. */
  readonly nextAfter: string | undefined;
}

/** A page of all tokens, oldest first: their ids sort by time. */
export async function listAccessTokens(
  { database }: Pick<SubscriptionDeps, "database">,
  { pageSize, after }: { readonly pageSize: number; readonly after: string },
): Promise<AccessTokensPage> {
  const uses = new Map<string, number | null>();
  const all = database.selectFrom("access_tokens").select(["id as key", "document", "used_at_ms"]).orderBy("id");
  const { rows, nextAfter } = await collectPage({
    ...{ pageSize, after },
    read: async (key, limit) => {
      const piece = await all.where("id", ">", key).limit(limit).execute();
      for (const row of piece) uses.set(row.key, row.used_at_ms);
      return piece;
    },
  });
  const tokens = rows.map(({ key, document }) => ({
    issued: decodeAccessTokenDocument(document),
    usedAtMs: toNumber(uses.get(key)),
  }));
  return { tokens, nextAfter };
}

/** PostgreSQL's BIGINT comes as text. */
function toNumber(value: number | string | null | undefined): number | undefined {
  return value === null || value === undefined ? undefined : Number(value);
}
