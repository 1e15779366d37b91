import type { FetchingGroup } from "./mends/dead-leader.ts";
import type { FetchedBatch } from "./wire/fetched-batch.ts";

/** So many records in one fetch mean that there is always more to fetch. */
const MANY_RECORDS = 100;
/** Then the next fetch begins no earlier than so long after this one. */
const MIN_BETWEEN_MS = 20;

/**
 * A topic that is written fast answers each fetch at once, with what came since the last one, and a fetch with its
 * answer costs half a millisecond whatever it brings. Paced, fetches bring more each, and a fetch costs less per record;
 * where few records come, each is still fetched as it comes.
 */
export function paceFetches({ prototype }: { readonly prototype: FetchingGroup }): void {
  const fetch = prototype.fetch;
  const nextByNode = new WeakMap<FetchingGroup, Map<string, number>>();
  prototype.fetch = async function (this: FetchingGroup, nodeId) {
    const nextAtMs = nextByNode.get(this) ?? new Map<string, number>();
    nextByNode.set(this, nextAtMs);
    const waitMs = (nextAtMs.get(nodeId) ?? 0) - performance.now();
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
    const startedAtMs = performance.now();
    const batches = (await fetch.call(this, nodeId)) as readonly FetchedBatch[];
    const count = batches.reduce((sum, { messages }) => sum + messages.length, 0);
    nextAtMs.set(nodeId, count >= MANY_RECORDS ? startedAtMs + MIN_BETWEEN_MS : 0);
    return batches;
  };
}
