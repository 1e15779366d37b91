import { BATCH_HEAD_BYTES, BATCH_PREFIX_BYTES, MAGIC } from "./batch-format.ts";
import { crc32c } from "./crc32c.ts";
import { allocateBody, type Encoded, writeString } from "./encoded.ts";
import { type EncodedRecord, sizeOfRecord, writeRecords } from "./encode-record.ts";
import { writeInt64 } from "./int64.ts";
import { sizeOfVarint } from "./varint.ts";

/*
 * The body of a Produce request, versions 3 to 8 (Kafka protocol guide, "Produce API"), and in it a record batch for each
 * partition (message format, magic 2), in one buffer of the right size. kafkajs writes each record into a buffer of its
 * own, and copies it six times from there.
 */

/** From here on a batch's bytes are checked by its checksum. */
const CHECKED_FROM = 21;

export interface ProduceOptions {
  readonly acks: number;
  readonly timeout: number;
  readonly topicData: readonly {
    readonly topic: string;
    readonly partitions: readonly { readonly partition: number; readonly messages: readonly EncodedRecord[] }[];
  }[];
}

export function encodeProduce({ acks, timeout, topicData }: ProduceOptions, nowMs: number): Encoded {
  const encoded = allocateBody(measure(topicData));
  const body = encoded.buffer;
  // No transaction.
  let at = body.writeInt16BE(-1, 0);
  at = body.writeInt16BE(acks, at);
  at = body.writeInt32BE(timeout, at);
  at = body.writeInt32BE(topicData.length, at);
  for (const { topic, partitions } of topicData) {
    at = writeString(body, topic, at);
    at = body.writeInt32BE(partitions.length, at);
    for (const { partition, messages } of partitions) {
      at = body.writeInt32BE(partition, at);
      at = writeBatch(body, at, { records: messages, nowMs });
    }
  }
  return encoded;
}

function measure(topicData: ProduceOptions["topicData"]): number {
  let bytes = 12;
  for (const { topic, partitions } of topicData) {
    bytes += 6 + Buffer.byteLength(topic);
    for (const { messages } of partitions) bytes += 8 + measureBatch(messages);
  }
  return bytes;
}

function measureBatch(records: readonly EncodedRecord[]): number {
  let bytes = BATCH_HEAD_BYTES;
  let place = 0;
  for (const record of records) {
    const size = sizeOfRecord(record, place++);
    bytes += sizeOfVarint(size) + size;
  }
  return bytes;
}

interface Batch {
  readonly records: readonly EncodedRecord[];
  /** Of all records: a topic that keeps the log's own time of the append, as ours do, does not look at it. */
  readonly nowMs: number;
}

/** A batch behind its length in bytes. @returns where to write on */
function writeBatch(body: Buffer, startAt: number, { records, nowMs }: Batch): number {
  const batchAt = startAt + 4;
  const at = writeRecords(body, batchAt + BATCH_HEAD_BYTES, records);
  const size = at - batchAt;
  body.writeInt32BE(size, startAt);
  body.fill(0, batchAt, batchAt + BATCH_HEAD_BYTES);
  // Base offset, the leader's epoch and attributes stay 0: the broker sets the first two, and nothing is compressed.
  body.writeInt32BE(size - BATCH_PREFIX_BYTES, batchAt + 8);
  body.writeInt8(MAGIC, batchAt + 16);
  body.writeInt32BE(records.length - 1, batchAt + 23);
  writeInt64(body, nowMs, batchAt + 27);
  writeInt64(body, nowMs, batchAt + 35);
  // The producer's id, its epoch and the first sequence number: -1, of a producer that has none.
  body.fill(0xff, batchAt + 43, batchAt + 57);
  body.writeInt32BE(records.length, batchAt + 57);
  body.writeUInt32BE(crc32c(body, batchAt + CHECKED_FROM, at), batchAt + 17);
  return at;
}
