/** As kafkajs gives it. */
export interface MessagesToGroup<Message> {
  readonly topic: string;
  readonly partitionMetadata: readonly unknown[];
  readonly messages: readonly Message[];
  readonly partitioner: (message: {
    readonly topic: string;
    readonly partitionMetadata: readonly unknown[];
    readonly message: Message;
  }) => number;
}

/** kafkajs's producer/groupMessagesPerPartition.js, which copies a partition's whole list for each message of it. */
export function groupByPartition<Message>({
  topic,
  partitionMetadata,
  messages,
  partitioner,
}: MessagesToGroup<Message>): Record<number, Message[]> {
  const groups: Record<number, Message[]> = {};
  if (partitionMetadata.length === 0) return groups;
  for (const message of messages) {
    const partition = partitioner({ topic, partitionMetadata, message });
    (groups[partition] ??= []).push(message);
  }
  return groups;
}
