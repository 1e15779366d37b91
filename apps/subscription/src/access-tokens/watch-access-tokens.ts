import { findTokenHash } from "../store/access-token-aggregate.ts";
import type { SubscriptionDeps } from "../subscription-deps.ts";
import { type Change, watchChanges } from "../watch-changes.ts";

/** The hashes of tokens that were made or revoked: see {@link watchChanges}. */
export function watchAccessTokens(
  deps: Pick<SubscriptionDeps, "store">,
  afterRevision: bigint,
  signal: AbortSignal,
): AsyncIterable<Change<string>> {
  return watchChanges(deps, { afterRevision, findSubject: findTokenHash }, signal);
}
