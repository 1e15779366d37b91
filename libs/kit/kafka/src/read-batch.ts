import type { FetchedMessage } from "./kafkajs-internals.ts";
import type { KafkaRecord } from "./kafka.ts";

const noBytes = Buffer.alloc(0);

/** The records from `fromOffset` on, without what the cluster writes for itself. */
export function readMessages(
  messages: readonly FetchedMessage[],
  { partition, fromOffset }: { readonly partition: number; readonly fromOffset: number },
): KafkaRecord[] {
  const records: KafkaRecord[] = [];
  for (const message of messages) {
    const offset = Number(message.offset);
    if (offset < fromOffset || message.isControlRecord) continue;
    const { key } = message;
    const record = {
      partition,
      offset,
      headers: readHeaders(message.headers),
      value: message.value ?? noBytes,
      appendedAtMs: Number(message.timestamp),
    };
    records.push(key === null ? record : { ...record, key: key.toString() });
  }
  return records;
}

/** Of a name that comes more than once, the last one's value. Without a prototype: names are anybody's. */
function readHeaders(headers: FetchedMessage["headers"]): Readonly<Record<string, string>> {
  const texts = Object.create(null) as Record<string, string>;
  for (const name in headers) {
    const found = headers[name];
    const last = Array.isArray(found) ? (found as readonly (Buffer | string | null)[]).at(-1) : found;
    texts[name] = last == null ? "" : String(last);
  }
  return texts;
}
