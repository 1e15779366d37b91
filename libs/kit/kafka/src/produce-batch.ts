import { KafkaError, type KafkaAppend } from "./kafka.ts";
import type { Names } from "./names.ts";
import { type EncodedRecord, encodeRecord } from "./wire/encode-record.ts";

/** In one request. More records make it slower to answer, not cheaper; more bytes of one partition are refused by default. */
const MAX_BATCH_RECORDS = 2_000;
const MAX_BATCH_BYTES = 900 * 1024;
/** What stands in front of an encoded record, at most: its length, attributes and deltas. (Kafka's record format, version 2.) */
const RECORD_OVERHEAD_BYTES = 12;
/** A batch's own head. */
const BATCH_OVERHEAD_BYTES = 61;

/** A call of append whose outcome is open. */
export interface PendingAppend {
  readonly sinceMs: number;
  /** Pieces that are not durable yet. */
  unfinished: number;
  appendedAtMs: number;
  readonly resolve: (result: { readonly appendedAtMs: number }) => void;
  readonly reject: (error: KafkaError) => void;
  /** Called as well, when somebody waits for the end whatever it is. */
  settled?: () => void;
}

/** Records of one call that travel together. */
interface Cut {
  readonly byTopic: ReadonlyMap<string, readonly EncodedRecord[]>;
  readonly count: number;
  readonly bytes: number;
}

export interface CutOptions {
  readonly names: Names;
  /** The largest batch that a topic takes, if it is known; by the topic's name in the cluster. */
  readonly findMaxBytes: (topic: string) => number | undefined;
}

export interface Piece extends Cut {
  readonly append: PendingAppend;
}

/**
 * Cuts a call's records into pieces of which each fits into one request; a larger record goes alone.
 * @throws {KafkaError} refused, for a record that is known to be too large for its topic
 */
export function cutAppend(records: readonly KafkaAppend[], { names, findMaxBytes }: CutOptions): Cut[] {
  const cuts: Cut[] = [];
  let byTopic = new Map<string, EncodedRecord[]>();
  let count = 0;
  let bytes = 0;
  for (const record of records) {
    const topic = names.toCluster(record.topic);
    const message = encodeRecord(record);
    const size = RECORD_OVERHEAD_BYTES + message.value.length;
    assertFits(topic, size, findMaxBytes(topic));
    if (count === MAX_BATCH_RECORDS || (count > 0 && bytes + size > MAX_BATCH_BYTES)) {
      cuts.push({ byTopic, count, bytes });
      byTopic = new Map();
      count = 0;
      bytes = 0;
    }
    const messages = byTopic.get(topic);
    if (messages === undefined) byTopic.set(topic, [message]);
    else messages.push(message);
    count++;
    bytes += size;
  }
  cuts.push({ byTopic, count, bytes });
  return cuts;
}

/** As many pieces from the front as fit into one request, at least one. */
export function takeBatch(queue: readonly Piece[]): { readonly batch: Piece[]; readonly rest: Piece[] } {
  let end = 0;
  let count = 0;
  let bytes = 0;
  for (const piece of queue) {
    count += piece.count;
    bytes += piece.bytes;
    if (end > 0 && (count > MAX_BATCH_RECORDS || bytes > MAX_BATCH_BYTES)) break;
    end++;
  }
  return { batch: queue.slice(0, end), rest: queue.slice(end) };
}

/** The same records, a piece for each topic. */
export function cutByTopic(piece: Piece): Piece[] {
  return [...piece.byTopic].map(([topic, messages]) => ({
    ...piece,
    byTopic: new Map([[topic, messages]]),
    count: messages.length,
  }));
}

export function topicsOf({ byTopic }: Piece): string {
  return [...byTopic.keys()].join(", ");
}

export function mergeByTopic(pieces: readonly Piece[]): { topic: string; messages: EncodedRecord[] }[] {
  const merged = new Map<string, EncodedRecord[]>();
  for (const { byTopic } of pieces) {
    for (const [topic, messages] of byTopic) {
      const known = merged.get(topic);
      if (known === undefined) merged.set(topic, [...messages]);
      else for (const message of messages) known.push(message);
    }
  }
  return [...merged].map(([topic, messages]) => ({ topic, messages }));
}

function assertFits(topic: string, bytes: number, maxBytes: number | undefined): void {
  if (maxBytes === undefined || bytes + BATCH_OVERHEAD_BYTES <= maxBytes) return;
  throw new KafkaError("refused", `topic ${topic}: a record of ${bytes} bytes, its max.message.bytes is ${maxBytes}`);
}
