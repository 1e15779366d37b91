import type { KafkaAppend, KafkaRecord, TopicPartition } from "@postrider/kit-kafka";

/** Topics in memory: append-only partitions. They come into being when they are first named. */
export interface MemoryLog {
  readonly partitionCount: number;
  readonly append: (record: KafkaAppend, appendedAtMs: number) => void;
  readonly read: (from: TopicPartition) => readonly KafkaRecord[];
}

export function createMemoryLog(partitionCount: number): MemoryLog {
  const partitions = new Map<string, KafkaRecord[]>();
  let nextSpread = 0;
  const find = ({ topic, partition }: TopicPartition): KafkaRecord[] => {
    const name = `${topic}:${partition}`;
    const records = partitions.get(name) ?? [];
    partitions.set(name, records);
    return records;
  };
  return {
    partitionCount,
    append: ({ topic, key, headers, value }, appendedAtMs) => {
      const partition = (key === undefined ? nextSpread++ : hashOf(key)) % partitionCount;
      const records = find({ topic, partition });
      const named = key === undefined ? {} : { key };
      records.push({ partition, offset: records.length, ...named, headers, value, appendedAtMs });
    },
    read: find,
  };
}

/** FNV-1a: any that spreads will do here. */
function hashOf(key: string): number {
  let hash = 0x811c9dc5;
  for (const character of key) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  return hash;
}
