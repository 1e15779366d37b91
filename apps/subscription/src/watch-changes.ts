import type { StoredEvent } from "@postrider/kit-event-store";
import { quote } from "@postrider/domain-event";
import { RpcError } from "@postrider/kit-rpc";
import { followEvents } from "./store/follow-events.ts";
import type { SubscriptionDeps } from "./subscription-deps.ts";

/** What is no longer as it was, as of the revision; without `subject` it only tells the revision. */
export interface Change<Subject> {
  readonly revision: number;
  readonly subject?: Subject;
}

export interface ChangesToWatch<Subject> {
  /** Of the store, as an earlier change told it; 0: from now on. */
  readonly afterRevision: bigint;
  /** What the event changed; undefined for an event of another kind. */
  readonly findSubject: (event: StoredEvent) => Subject | undefined;
}

/**
 * Changes after a revision, then live, until the signal aborts. The first comes at once: when there is no change yet it
 * tells the revision alone. A revision lower than `afterRevision` says that the store is not the one that the caller
 * knew (restored from a backup, for one): then nothing that it remembers may be trusted.
 * @throws {RpcError} invalid_argument for a revision that can't be
 */
export async function* watchChanges<Subject>(
  { store }: Pick<SubscriptionDeps, "store">,
  { afterRevision, findSubject }: ChangesToWatch<Subject>,
  signal: AbortSignal,
): AsyncGenerator<Change<Subject>, void, undefined> {
  if (afterRevision < 0n) {
    throw RpcError.invalid([{ field: "after_revision", description: `${quote(String(afterRevision))} is below 0` }]);
  }
  const current = await store.revision();
  let revision = afterRevision === 0n ? current : Math.min(Number(afterRevision), current);
  let isSilent = true;
  for await (const page of followEvents(store, revision, signal)) {
    for (const event of page) {
      const subject = findSubject(event);
      if (subject === undefined) continue;
      yield { revision: event.position, subject };
      isSilent = false;
    }
    revision = page.at(-1)?.position ?? revision;
    if (isSilent) yield { revision };
    isSilent = false;
  }
}
