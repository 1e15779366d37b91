import { subscriptionAggregate, subscriptionStream } from "../store/subscription-aggregate.ts";
import type { SubscriptionDeps } from "../subscription-deps.ts";

export interface HistoryEntry {
  readonly version: number;
  readonly type: string;
  readonly atMs: number;
  readonly tenantId: string;
  /** What the event says. Secrets are in no event. */
  readonly facts: Readonly<Record<string, unknown>>;
}

/** As many as one answer may carry; of a longer history the newest are told. */
const MAX_ENTRIES = 1000;

/** The events of its stream, oldest first, also of one that was deleted; empty when there never was one. */
export async function listHistory(
  { store }: Pick<SubscriptionDeps, "store">,
  id: string,
): Promise<readonly HistoryEntry[]> {
  const stored = await store.load(subscriptionStream(id));
  return stored.slice(-MAX_ENTRIES).map((each) => {
    const { kind, atMs, ...facts } = subscriptionAggregate.decode(each);
    return { version: each.version, type: kind, atMs, tenantId: facts.tenantId, facts };
  });
}
