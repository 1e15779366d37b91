import { type Clock, pause } from "@postrider/kit-lifecycle";
import { describeFailure, findProtocolError } from "./kafka-failure.ts";
import { KafkaError } from "./kafka.ts";
import type { Cluster, PartitionMetadata } from "./kafkajs-internals.ts";

/** The leader isn't there yet, or doesn't know that it is. */
const NOT_YET = new Set([
  "NOT_LEADER_FOR_PARTITION",
  "LEADER_NOT_AVAILABLE",
  "UNKNOWN_TOPIC_OR_PARTITION",
  "REPLICA_NOT_AVAILABLE",
]);
const MAX_WAIT_MS = 20_000;
const RETRY_MS = 50;

export interface AppendNothingDeps {
  readonly cluster: Cluster;
  readonly clock: Clock;
}

/**
 * Asks the leader of each partition to append no records. A broker looks at our rights, then at its leadership, and then
 * refuses the batch as invalid: so nothing is written, and we learn whether something could be. Waits for leaders.
 * @returns the kinds of answers; INVALID_RECORD says that all is well
 * @throws {KafkaError} unavailable
 */
export async function appendNothing(
  topic: string,
  { cluster, clock }: AppendNothingDeps,
): Promise<ReadonlySet<string>> {
  await cluster.addMultipleTargetTopics([topic]);
  const answers = new Set<string>();
  const untilUs = clock.monotonicUs() + MAX_WAIT_MS * 1000;
  const known = new Set<number>();
  for (;;) {
    const partitions = cluster.findTopicPartitionMetadata(topic);
    for (const partition of partitions.filter(({ partitionId }) => !known.has(partitionId))) {
      const answer = await askLeader(topic, partition, cluster);
      if (NOT_YET.has(answer)) continue;
      answers.add(answer);
      known.add(partition.partitionId);
    }
    if (partitions.length > 0 && known.size === partitions.length) return answers;
    if (clock.monotonicUs() > untilUs) {
      throw new KafkaError("unavailable", `${topic}: not every partition has a leader after ${MAX_WAIT_MS} ms`);
    }
    await pause(clock, RETRY_MS);
    await cluster.refreshMetadata();
  }
}

async function askLeader(topic: string, { partitionId, leader }: PartitionMetadata, cluster: Cluster): Promise<string> {
  const partitions = [{ partition: partitionId, firstSequence: -1, messages: [] }];
  try {
    const broker = await cluster.findBroker({ nodeId: leader });
    await broker.produce({ acks: -1, timeout: 5000, topicData: [{ topic, partitions }] });
    return "NONE";
  } catch (error) {
    const type = findProtocolError(error);
    if (type !== undefined) return type;
    const words = `could not ask the leader of ${topic}: ${describeFailure(error)}`;
    throw new KafkaError("unavailable", words, { cause: error });
  }
}
