import { findEventTypeName } from "../store/event-type-aggregate.ts";
import type { SubscriptionDeps } from "../subscription-deps.ts";
import { type Change, watchChanges } from "../watch-changes.ts";

/** The names of event types that were made or changed: see {@link watchChanges}. */
export function watchEventTypes(
  deps: Pick<SubscriptionDeps, "store">,
  afterRevision: bigint,
  signal: AbortSignal,
): AsyncIterable<Change<string>> {
  return watchChanges(deps, { afterRevision, findSubject: findEventTypeName }, signal);
}
