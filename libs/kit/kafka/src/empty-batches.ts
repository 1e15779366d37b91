import type { FetchingGroup } from "./mends/dead-leader.ts";
import type { FetchedBatch } from "./wire/fetched-batch.ts";

/**
 * A fetch's answer names each partition that was asked for, and most of them have brought nothing. kafkajs hands each of
 * these to a worker all the same, which then only asks for a heartbeat; so it does for a fetch that brings no batch.
 */
export function dropEmptyBatches({ prototype }: { readonly prototype: FetchingGroup }): void {
  const fetch = prototype.fetch;
  prototype.fetch = async function (this: FetchingGroup, nodeId) {
    const batches = (await fetch.call(this, nodeId)) as readonly FetchedBatch[];
    // One whose records were all dropped still moves the position on.
    return batches.filter(({ rawMessages }) => rawMessages.length > 0);
  };
}
