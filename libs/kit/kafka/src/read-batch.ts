import type { KafkaRecord } from "./kafka.ts";
import type { FetchedRecord } from "./wire/decode-records.ts";

const noBytes = Buffer.alloc(0);

/**
 * The records from `fromOffset` on, without what the cluster writes for itself. Values are copied: one event that is slow
 * to deliver would keep all that its fetch brought, up to a megabyte of each partition.
 */
export function readMessages(
  messages: readonly FetchedRecord[],
  { partition, fromOffset }: { readonly partition: number; readonly fromOffset: number },
): KafkaRecord[] {
  const records: KafkaRecord[] = [];
  for (const { offset, key, headers, value, timestamp, isControlRecord } of messages) {
    if (offset < fromOffset || isControlRecord) continue;
    const record = {
      partition,
      offset,
      headers,
      value: value === null ? noBytes : Buffer.from(value),
      appendedAtMs: timestamp,
    };
    records.push(key === null ? record : { ...record, key: key.toString() });
  }
  return records;
}
