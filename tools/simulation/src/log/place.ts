import type { TopicPartition } from "@postrider/kit-kafka";

/** A partition of a topic, as the key of a map. */
export function nameOf({ topic, partition }: TopicPartition): string {
  return `${topic}:${partition}`;
}
