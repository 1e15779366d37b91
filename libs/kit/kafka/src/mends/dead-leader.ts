import type { ConsumerGroup } from "../kafkajs-internals.ts";

/**
 * Fault: a partition whose leader has left the cluster is fetched from nobody: fetches go by the nodes that are known,
 * and the metadata that names the new leader is only asked for when it is too old (5 minutes by default).
 * Upstream: no issue found; see kafkajs's consumer/consumerGroup.js, filterPartitionsByNode.
 * Shown: a failover with a mock of a cluster; rare on a real one, because other requests refresh the metadata.
 */
export interface FetchingGroup extends ConsumerGroup {
  readonly subscriptionState: { readonly assigned: ConsumerGroup["assigned"] };
  fetch: (nodeId: string) => Promise<readonly unknown[]>;
}

/** Between two refreshes for that reason: an election takes longer. */
const MIN_BETWEEN_REFRESHES_MS = 500;

export function mendDeadLeader({ prototype }: { readonly prototype: FetchingGroup }): void {
  const fetch = prototype.fetch;
  const refreshedAtMs = new WeakMap<FetchingGroup, number>();
  prototype.fetch = async function (this: FetchingGroup, nodeId) {
    const nowMs = performance.now();
    if (hasOrphan(this) && nowMs - (refreshedAtMs.get(this) ?? -Infinity) > MIN_BETWEEN_REFRESHES_MS) {
      refreshedAtMs.set(this, nowMs);
      // What could not be refreshed now is tried again at a later fetch.
      await this.cluster.refreshMetadata().catch(() => undefined);
    }
    return fetch.call(this, nodeId);
  };
}

/** Whether a partition of ours has a leader that is not among the nodes to fetch from. */
function hasOrphan({ cluster, subscriptionState }: FetchingGroup): boolean {
  const nodes = new Set(cluster.getNodeIds().map(Number));
  return subscriptionState
    .assigned()
    .some(({ topic, partitions }) =>
      cluster
        .findTopicPartitionMetadata(topic)
        .some(({ partitionId, leader }) => !nodes.has(leader) && partitions.includes(partitionId)),
    );
}
