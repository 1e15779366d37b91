import type { FetchingGroup } from "./dead-leader.ts";

/**
 * Fault: each node is fetched from on its own; when one of these fetches makes the member join again, what the others
 * bring is handed out under the new assignment, though it was asked for under the old one: after a partition has gone and
 * come back, that is a jump over records that nobody has handed out.
 * Upstream: no issue found; see kafkajs's consumer/consumerGroup.js, recoverFromFetch.
 * Shown: the test beside.
 */
export function mendStaleFetch({ prototype }: { readonly prototype: FetchingGroup }): void {
  const fetch = prototype.fetch;
  prototype.fetch = async function (this: FetchingGroup, nodeId) {
    const { offsetManager } = this;
    const batches = await fetch.call(this, nodeId);
    // Each join makes a new one. What is dropped here is not resolved, so it is fetched again.
    return this.offsetManager === offsetManager ? batches : [];
  };
}
