import type { TopicPartition } from "./kafka.ts";

/** What a member of a group had when it last was assigned something. */
export interface Ownership {
  /** The group's generation in which it had that; grows with each rebalance. */
  readonly generation: number;
  readonly partitions: readonly TopicPartition[];
}

export const NOTHING_OWNED: Ownership = { generation: -1, partitions: [] };

/**
 * As the user data that a member sends along when it joins its group: the version (1 byte, 1), the generation (int32),
 * the number of topics (uint16); for each topic its name (uint16 length, then UTF-8) and a bitmap of its partitions
 * (uint16 length, then partition p as bit p % 8 of byte p / 8). Integers are big endian, as in Kafka's own protocol.
 * A bitmap, because a member of a large group owns many partitions of many topics, and every member sends this at every
 * rebalance: 1,000 partitions are 125 bytes.
 */
const VERSION = 1;
const HEAD_BYTES = 7;
const MAX_UINT16 = 0xffff;

/** @throws {RangeError} for more topics, a longer name or a higher partition (524,279) than the format can tell */
export function encodeOwnership({ generation, partitions }: Ownership): Buffer {
  const byTopic = Map.groupBy(partitions, ({ topic }) => topic);
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUInt8(VERSION, 0);
  head.writeInt32BE(generation, 1);
  head.writeUInt16BE(byTopic.size, 5);
  const topics = [...byTopic].flatMap(([topic, ofTopic]) => [
    ...withLength(Buffer.from(topic)),
    ...withLength(encodeBitmap(ofTopic.map(({ partition }) => partition))),
  ]);
  return Buffer.concat([head, ...topics]);
}

/** What can't be understood, of whatever program or version, is {@link NOTHING_OWNED}: then partitions move, no more. */
export function decodeOwnership(userData: Uint8Array): Ownership {
  const bytes = Buffer.from(userData.buffer, userData.byteOffset, userData.byteLength);
  if (bytes.byteLength < HEAD_BYTES || bytes[0] !== VERSION) return NOTHING_OWNED;
  const partitions: TopicPartition[] = [];
  let at = HEAD_BYTES;
  for (let left = bytes.readUInt16BE(5); left > 0; left--) {
    const name = readWithLength(bytes, at);
    const bitmap = name && readWithLength(bytes, name.end);
    if (!bitmap) return NOTHING_OWNED;
    const topic = name.bytes.toString("utf8");
    for (const partition of decodeBitmap(bitmap.bytes)) partitions.push({ topic, partition });
    at = bitmap.end;
  }
  return at === bytes.byteLength ? { generation: bytes.readInt32BE(1), partitions } : NOTHING_OWNED;
}

function withLength(bytes: Buffer): [Buffer, Buffer] {
  if (bytes.byteLength > MAX_UINT16) {
    throw new RangeError(
      `${bytes.byteLength} bytes of a topic's name or partitions: at most ${MAX_UINT16} can be told`,
    );
  }
  const length = Buffer.alloc(2);
  length.writeUInt16BE(bytes.byteLength);
  return [length, bytes];
}

function readWithLength(bytes: Buffer, at: number): { readonly bytes: Buffer; readonly end: number } | undefined {
  if (at + 2 > bytes.byteLength) return undefined;
  const end = at + 2 + bytes.readUInt16BE(at);
  return end > bytes.byteLength ? undefined : { bytes: bytes.subarray(at + 2, end), end };
}

function encodeBitmap(partitions: readonly number[]): Buffer {
  const highest = partitions.reduce((a, b) => Math.max(a, b), 0);
  const bitmap = Buffer.alloc(Math.floor(highest / 8) + 1);
  for (const partition of partitions) bitmap[partition >> 3] = (bitmap[partition >> 3] ?? 0) | (1 << (partition & 7));
  return bitmap;
}

function decodeBitmap(bitmap: Buffer): number[] {
  const partitions: number[] = [];
  for (const [index, byte] of bitmap.entries()) {
    for (let bit = 0; bit < 8; bit++) if (byte & (1 << bit)) partitions.push(index * 8 + bit);
  }
  return partitions;
}
