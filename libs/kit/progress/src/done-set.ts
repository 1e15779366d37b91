import { crc32 } from "node:zlib";
import { pushVarint, VarintReader } from "./varint.ts";

/**
 * The finished offsets above a position, as text for the metadata of a commit.
 *
 * Text: the version `1`, then base64 of: CRC-32 of what follows (4 bytes, big endian); the position (varint); then each
 * run of finished offsets as varint(2 * length + l), where l = 1 says that a varint follows with the number of unfinished
 * offsets before the run, and l = 0 that it is one: the usual case, a straggler among finished ones, costs one byte.
 * Checksum and position are there because a set that is wrong skips, and so loses, records: text that another program
 * wrote, that was damaged, or that was kept when somebody moved the position, is no set.
 */
const VERSION = "1";
const CHECKSUM_BYTES = 4;
const MAX_VARINT_BYTES = 8;

/** Finished offsets from `from` to `to`, both included. Offsets that don't exist may be counted as finished. */
export interface Run {
  readonly from: number;
  readonly to: number;
}

/** Where to read on after a restart. */
export interface WindowPosition {
  /** The offset to read next. */
  readonly offset: number;
  /** The finished offsets above it, from {@link encodeDoneSet}. */
  readonly metadata: string;
}

/**
 * Encodes as many of the runs as fit, the first ones first: leaving some out means delivering again, never losing.
 * @param position below the first run: an unfinished offset
 * @param runs ascending, with at least one unfinished offset between two of them
 * @param maxChars the greatest length of the text
 */
export function encodeDoneSet(position: number, runs: Iterable<Run>, maxChars: number): string {
  const maxBytes = Math.floor((maxChars - VERSION.length) / 4) * 3 - CHECKSUM_BYTES;
  const bytes: number[] = [];
  pushVarint(bytes, position);
  let endBytes = 0;
  let next = position;
  for (const { from, to } of runs) {
    const gap = from - next;
    pushVarint(bytes, 2 * (to - from + 1) + (gap > 1 ? 1 : 0));
    if (gap > 1) pushVarint(bytes, gap);
    if (bytes.length > maxBytes) break;
    endBytes = bytes.length;
    next = to + 1;
  }
  if (endBytes === 0) return "";
  const encoded = Buffer.alloc(CHECKSUM_BYTES + endBytes);
  encoded.set(bytes.slice(0, endBytes), CHECKSUM_BYTES);
  encoded.writeUInt32BE(crc32(encoded.subarray(CHECKSUM_BYTES)), 0);
  return VERSION + encoded.toString("base64");
}

/** The runs, ascending; none for text that {@link encodeDoneSet} didn't write for this position. */
export function decodeDoneSet({ offset, metadata }: WindowPosition): readonly Run[] {
  if (!metadata.startsWith(VERSION)) return [];
  const bytes = Buffer.from(metadata.slice(VERSION.length), "base64");
  if (bytes.length <= CHECKSUM_BYTES) return [];
  if (bytes.readUInt32BE(0) !== crc32(bytes.subarray(CHECKSUM_BYTES))) return [];

  const reader = new VarintReader(bytes, CHECKSUM_BYTES);
  return reader.read() === offset ? (readRuns(reader, offset) ?? []) : [];
}

/** Undefined when a number is out of range: then none of the others can be trusted. */
function readRuns(reader: VarintReader, position: number): readonly Run[] | undefined {
  const runs: Run[] = [];
  let next = position;
  while (!reader.isAtEnd) {
    const head = reader.read();
    const from = next + (head % 2 === 1 ? reader.read() : 1);
    const to = from + Math.floor(head / 2) - 1;
    if (!(from > next && to >= from && Number.isSafeInteger(to))) return undefined;
    runs.push({ from, to });
    next = to + 1;
  }
  return runs;
}

/** What is known of a done-set without encoding it. */
export interface DoneSetShape {
  readonly runs: number;
  /** Runs with more than one unfinished offset before them. */
  readonly longGaps: number;
  /** Offsets from the position to the last run's end. */
  readonly span: number;
}

/**
 * At most this many characters does the set have. In constant time: a byte for each number, and one more for each that
 * may reach 128 (a run of 64), 128^2, ...; of those there are few, because all of them together make up the span.
 */
export function boundDoneSetChars({ runs, longGaps, span }: DoneSetShape): number {
  let bytes = CHECKSUM_BYTES + MAX_VARINT_BYTES + runs + longGaps;
  for (let reach = 128; reach <= 2 * span; reach *= 128) {
    bytes += Math.min(runs, Math.floor((2 * span) / reach)) + Math.min(longGaps, Math.floor(span / reach));
  }
  return VERSION.length + 4 * Math.ceil(bytes / 3);
}
