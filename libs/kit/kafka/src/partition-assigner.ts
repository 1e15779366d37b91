import type { Assigner, PartitionAssigner } from "kafkajs";
import { assignPartitions } from "./assign-partitions.ts";
import type { Cluster } from "./kafkajs-internals.ts";
import { loadKafkajs } from "./load-kafkajs.ts";
import { decodeOwnership, encodeOwnership, type Ownership } from "./ownership.ts";

/** All members of a group must know it: a change of what is sent along needs another name. */
const NAME = "postrider-sticky";
const VERSION = 1;

export interface PartitionAssignerOptions {
  /** What this member had until now, to send along when it joins. */
  readonly ownership: () => Ownership;
  /** Called once, with the cluster object of the consumer that this is for. */
  readonly onCluster: (cluster: Cluster) => void;
}

/** {@link assignPartitions} in kafkajs's terms. */
export function createPartitionAssigner({ ownership, onCluster }: PartitionAssignerOptions): PartitionAssigner {
  const { MemberAssignment, MemberMetadata } = loadKafkajs().AssignerProtocol;
  return ({ cluster }) => {
    const known = cluster as unknown as Cluster;
    onCluster(known);
    return {
      name: NAME,
      version: VERSION,
      protocol: ({ topics }) => ({
        name: NAME,
        metadata: MemberMetadata.encode({ version: VERSION, topics, userData: encodeOwnership(ownership()) }),
      }),
      assign: ({ members, topics }) => {
        const assigned = assignPartitions({
          members: members.map(({ memberId, memberMetadata }) => {
            const userData = MemberMetadata.decode(memberMetadata)?.userData;
            return userData ? { memberId, ownership: decodeOwnership(userData) } : { memberId };
          }),
          topics: topics.map((topic) => ({
            topic,
            partitionCount: known.findTopicPartitionMetadata(topic).length,
          })),
        });
        const assignments = [...assigned].map(([memberId, partitions]) => ({
          memberId,
          memberAssignment: MemberAssignment.encode({
            version: VERSION,
            assignment: byTopic(partitions),
            userData: none,
          }),
        }));
        return Promise.resolve(assignments);
      },
    } satisfies Assigner;
  };
}

const none = Buffer.alloc(0);

function byTopic(
  partitions: readonly { readonly topic: string; readonly partition: number }[],
): Record<string, number[]> {
  const grouped = Map.groupBy(partitions, ({ topic }) => topic);
  return Object.fromEntries([...grouped].map(([topic, ofTopic]) => [topic, ofTopic.map(({ partition }) => partition)]));
}
