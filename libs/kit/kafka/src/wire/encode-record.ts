import { hashKey } from "../choose-partition.ts";
import type { KafkaAppend } from "../kafka.ts";
import { MAX_VARINT_BYTES, sizeOfVarint, writeVarint } from "./varint.ts";

/** UTF-8 needs no more for one unit of a string. */
const MAX_BYTES_PER_UNIT = 3;
/** Texts that are no longer than this are written here, if they are ASCII: a call of Node's costs more than that. */
const MAX_SHORT_TEXT = 63;
/** Nothing of a record but its place is in front of its key: attributes and the difference of times, both 0. */
const FIXED_BYTES = 2;

/**
 * A record as it will stand in a batch (Kafka's record format, version 2), from its key on: what is in front of that
 * depends on its place. For kafkajs it is a message whose value these bytes are.
 */
export interface EncodedRecord {
  /** Chooses the partition; undefined without a key. */
  readonly keyHash: number | undefined;
  /** Key, value and headers, each behind its length. */
  readonly value: Buffer;
  /** Where it was sent to first, so that a repetition goes there too. */
  partition?: number;
}

/** Where a record is written before its bytes are copied to where they stay. Grows to the largest record. */
let scratch = Buffer.allocUnsafeSlow(64 * 1024);

export function encodeRecord({ key, value, headers }: KafkaAppend): EncodedRecord {
  const names = Object.keys(headers);
  reserve(key, value, headers);
  let keyHash: number | undefined;
  let at: number;
  if (key === undefined) at = writeVarint(scratch, -1, 0);
  else {
    at = writeText(key, 0);
    keyHash = hashKey(scratch.subarray(at - Buffer.byteLength(key), at));
  }
  at = writeVarint(scratch, value.byteLength, at);
  scratch.set(value, at);
  at = writeVarint(scratch, names.length, at + value.byteLength);
  for (const name of names) {
    at = writeText(name, at);
    at = writeText(headers[name] ?? "", at);
  }
  return { keyHash, value: Buffer.from(scratch.subarray(0, at)) };
}

/** A record's bytes in a batch, `place` records behind the batch's first; its own length is in front of them. */
export function sizeOfRecord(record: EncodedRecord, place: number): number {
  return FIXED_BYTES + sizeOfVarint(place) + record.value.length;
}

/** Writes records that follow each other in a batch, each behind its length. @returns where to write on */
export function writeRecords(bytes: Buffer, at: number, records: readonly EncodedRecord[]): number {
  let place = 0;
  for (const record of records) {
    at = writeVarint(bytes, sizeOfRecord(record, place), at);
    bytes[at++] = 0;
    bytes[at++] = 0;
    at = writeVarint(bytes, place, at);
    bytes.set(record.value, at);
    at += record.value.length;
    place++;
  }
  return at;
}

function reserve(key: string | undefined, value: Uint8Array, headers: KafkaAppend["headers"]): void {
  let units = key?.length ?? 0;
  let texts = 3;
  for (const name in headers) {
    units += name.length + (headers[name]?.length ?? 0);
    texts += 2;
  }
  const most = value.byteLength + units * MAX_BYTES_PER_UNIT + texts * MAX_VARINT_BYTES;
  if (most > scratch.length) scratch = Buffer.allocUnsafeSlow(most * 2);
}

/** The text behind its length. @returns where to write on */
function writeText(text: string, at: number): number {
  const { length } = text;
  if (length > MAX_SHORT_TEXT) return writeLongText(text, at);
  for (let index = 0; index < length; index++) {
    const unit = text.charCodeAt(index);
    if (unit > 0x7f) return writeLongText(text, at);
    scratch[at + 1 + index] = unit;
  }
  scratch[at] = length * 2;
  return at + 1 + length;
}

function writeLongText(text: string, at: number): number {
  const textAt = writeVarint(scratch, Buffer.byteLength(text), at);
  return textAt + scratch.write(text, textAt, "utf8");
}
