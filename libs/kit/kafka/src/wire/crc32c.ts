/** The polynomial of Castagnoli, reflected (RFC 3720, appendix B.4). */
const POLYNOMIAL = 0x82f63b78;
/** Bytes that are taken in one step. */
const SLICES = 16;
const WORDS = SLICES / 4;

/**
 * At k * 256 + byte: what a byte does to the checksum when k more bytes follow it (Kounavis and Berry, "Novel table
 * lookup-based algorithms for high-performance CRC generation", 2008: slicing by 16).
 */
const TABLE = createTable();

/**
 * CRC-32C of `bytes` from `start` to before `end`; unsigned. What Kafka's record batches are checked by. Reads four
 * bytes at once (twice as fast as one by one), lowest first: as every processor does that Node runs on.
 */
export function crc32c(bytes: Uint8Array, start: number, end: number): number {
  const alignedAt = Math.min(end, start + (-(bytes.byteOffset + start) & 3));
  const words = new Int32Array(
    bytes.buffer,
    alignedAt === end ? 0 : bytes.byteOffset + alignedAt,
    (end - alignedAt) >> 2,
  );
  const whole = words.length - (words.length % WORDS);
  let crc = addBytes(-1, bytes, { start, end: alignedAt });
  /* eslint-disable @typescript-eslint/no-non-null-assertion -- every index is in range, and asking costs a third */
  for (let at = 0; at < whole; at += WORDS) {
    const a = words[at]! ^ crc;
    const b = words[at + 1]!;
    const c = words[at + 2]!;
    const d = words[at + 3]!;
    crc =
      TABLE[3840 + (a & 0xff)]! ^
      TABLE[3584 + ((a >>> 8) & 0xff)]! ^
      TABLE[3328 + ((a >>> 16) & 0xff)]! ^
      TABLE[3072 + (a >>> 24)]! ^
      TABLE[2816 + (b & 0xff)]! ^
      TABLE[2560 + ((b >>> 8) & 0xff)]! ^
      TABLE[2304 + ((b >>> 16) & 0xff)]! ^
      TABLE[2048 + (b >>> 24)]! ^
      TABLE[1792 + (c & 0xff)]! ^
      TABLE[1536 + ((c >>> 8) & 0xff)]! ^
      TABLE[1280 + ((c >>> 16) & 0xff)]! ^
      TABLE[1024 + (c >>> 24)]! ^
      TABLE[768 + (d & 0xff)]! ^
      TABLE[512 + ((d >>> 8) & 0xff)]! ^
      TABLE[256 + ((d >>> 16) & 0xff)]! ^
      TABLE[d >>> 24]!;
  }
  /* eslint-enable @typescript-eslint/no-non-null-assertion */
  return ~addBytes(crc, bytes, { start: alignedAt + whole * 4, end }) >>> 0;
}

function addBytes(crc: number, bytes: Uint8Array, { start, end }: { start: number; end: number }): number {
  for (let at = start; at < end; at++) crc = (crc >>> 8) ^ (TABLE[(crc ^ (bytes[at] ?? 0)) & 0xff] ?? 0);
  return crc;
}

function createTable(): Int32Array {
  const table = new Int32Array(SLICES * 256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
    table[byte] = crc;
  }
  for (let at = 256; at < table.length; at++) {
    const before = table[at - 256] ?? 0;
    table[at] = (before >>> 8) ^ (table[before & 0xff] ?? 0);
  }
  return table;
}
