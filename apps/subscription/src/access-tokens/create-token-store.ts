import type { IssuedToken } from "@postrider/domain-access";
import type { StoredToken, TokenStore } from "@postrider/kit-access";
import type { SubscriptionDeps } from "../subscription-deps.ts";
import { findAccessToken } from "./find-access-token.ts";
import { recordUse } from "./record-use.ts";
import { watchAccessTokens } from "./watch-access-tokens.ts";

/** The tokens of this service, for those who verify in the same process. */
export function createTokenStore(deps: Pick<SubscriptionDeps, "store" | "database">): TokenStore {
  return {
    find: async (sha256) => {
      const found = await findAccessToken(deps, sha256);
      return found && toStoredToken(found);
    },
    watch: async function* (afterRevision, signal) {
      for await (const { revision, subject } of watchAccessTokens(deps, afterRevision, signal)) {
        yield { revision: BigInt(revision), sha256: subject ?? "" };
      }
    },
    recordUse: async (id, atMs) => recordUse(deps, id, atMs),
  };
}

function toStoredToken({ id, grant }: IssuedToken): StoredToken {
  const caller = { name: grant.name, scopes: new Set<string>(grant.scopes), boundTo: grant.tenantId };
  return { id, credential: { caller, expiresAtMs: grant.expiresAtMs ?? Infinity } };
}
