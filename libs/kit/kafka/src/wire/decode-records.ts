import { BATCH_HEAD_BYTES, BATCH_PREFIX_BYTES, MAGIC } from "./batch-format.ts";
import { HeaderReader } from "./header-reader.ts";
import { readInt64 } from "./int64.ts";
import { VarintReader } from "./varint.ts";

/** A record as it came, before anybody looked at it. */
export interface FetchedRecord {
  readonly offset: number;
  /** Milliseconds since the epoch: the log's own time of the append where the topic says so. */
  readonly timestamp: number;
  readonly key: Buffer | null;
  /** A part of the fetch's answer: whoever keeps it for long must copy it. */
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, string>>;
  /** Of the cluster's own. */
  readonly isControlRecord: boolean;
}

const CODEC_MASK = 0x07;
const LOG_APPEND_TIME = 0x08;
const CONTROL = 0x20;

export type Decompress = (codec: number, bytes: Buffer) => Promise<Buffer>;

/**
 * The records of a partition in a fetch's answer (Kafka's message format, magic 2): whole batches, and perhaps a part of
 * another, which is left. Checksums are not looked at again: the broker has, and TCP has its own.
 * @throws {RangeError} for another format (none since Kafka 4 has another), and when lengths don't fit
 */
export async function decodeRecords(bytes: Buffer, decompress: Decompress): Promise<FetchedRecord[]> {
  const records: FetchedRecord[] = [];
  let at = 0;
  while (bytes.length - at >= BATCH_HEAD_BYTES) {
    if (bytes[at + 16] !== MAGIC) throw new RangeError(`records in format ${bytes[at + 16]}, not ${MAGIC}`);
    const end = at + BATCH_PREFIX_BYTES + bytes.readInt32BE(at + 8);
    if (end > bytes.length) break;
    if (end < at + BATCH_HEAD_BYTES) throw new RangeError(`a batch of ${end - at} bytes`);
    const head = readHead(bytes, at);
    const own = bytes.subarray(at + BATCH_HEAD_BYTES, end);
    readRecords(head.codec === 0 ? own : await decompress(head.codec, own), { head, records });
    at = end;
  }
  return records;
}

interface BatchHead {
  readonly baseOffset: number;
  readonly codec: number;
  readonly isControl: boolean;
  readonly isLogAppendTime: boolean;
  readonly firstMs: number;
  readonly maxMs: number;
  readonly count: number;
}

function readHead(bytes: Buffer, at: number): BatchHead {
  const attributes = bytes.readInt16BE(at + 21);
  return {
    baseOffset: readInt64(bytes, at),
    codec: attributes & CODEC_MASK,
    isControl: (attributes & CONTROL) !== 0,
    isLogAppendTime: (attributes & LOG_APPEND_TIME) !== 0,
    firstMs: readInt64(bytes, at + 27),
    maxMs: readInt64(bytes, at + 35),
    count: bytes.readInt32BE(at + 57),
  };
}

const reader = new VarintReader(Buffer.alloc(0));
const headerReader = new HeaderReader();

function readRecords(bytes: Buffer, { head, records }: { head: BatchHead; records: FetchedRecord[] }): void {
  reader.bytes = bytes;
  reader.at = 0;
  for (let index = 0; index < head.count; index++) {
    const length = reader.read();
    const end = reader.at + length;
    if (length < 0 || end > bytes.length) throw new RangeError(`a record of ${length} bytes`);
    // Attributes, which no record has any of.
    reader.at += 1;
    const timeDelta = reader.read();
    const offset = head.baseOffset + reader.read();
    const key = readBytes();
    const value = readBytes();
    const headers = headerReader.read(reader);
    const timestamp = head.isLogAppendTime ? head.maxMs : head.firstMs + timeDelta;
    records.push({ offset, timestamp, key, value, headers, isControlRecord: head.isControl });
    reader.at = end;
  }
}

function readBytes(): Buffer | null {
  const length = reader.read();
  if (length < 0) return null;
  const { bytes, at } = reader;
  const end = at + length;
  if (end > bytes.length) throw new RangeError(`${length} bytes of a record go on beyond the end`);
  reader.at = end;
  return bytes.subarray(at, end);
}
