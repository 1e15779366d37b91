/**
 * Numbers as Kafka's record format (version 2) writes them: zigzag, then seven bits a byte, the lowest first (as in
 * Protocol Buffers, "signed integers"). Here lengths, counts and deltas: from -1 to 2^31-1; deltas of time may be longer.
 */
export const MAX_VARINT_BYTES = 5;

export function sizeOfVarint(value: number): number {
  let rest = zigzag(value);
  let size = 1;
  while (rest > 0x7f) {
    rest >>>= 7;
    size++;
  }
  return size;
}

/** @returns where to write on */
export function writeVarint(bytes: Uint8Array, value: number, at: number): number {
  let rest = zigzag(value);
  while (rest > 0x7f) {
    bytes[at++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  bytes[at++] = rest;
  return at;
}

function zigzag(value: number): number {
  return ((value << 1) ^ (value >> 31)) >>> 0;
}

/** Reads one number after another. Mutable, and used again for each record, so that reading allocates nothing. */
export class VarintReader {
  bytes: Buffer;
  at: number;

  constructor(bytes: Buffer, at = 0) {
    this.bytes = bytes;
    this.at = at;
  }

  /** A number of up to 53 bits, with its sign. @throws {RangeError} when it goes on beyond the bytes or beyond 64 bits */
  read(): number {
    let byte = this.#next();
    let value = byte & 0x7f;
    // Four bytes with bit operations, which hold 32 bits; the rest, which only times can need, by multiplication.
    for (let shift = 7; byte > 0x7f; shift += 7) {
      if (shift > 63) throw new RangeError("a number of more than 64 bits");
      byte = this.#next();
      value = shift < 28 ? value | ((byte & 0x7f) << shift) : value + (byte & 0x7f) * 2 ** shift;
    }
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  #next(): number {
    const byte = this.bytes[this.at++];
    if (byte === undefined) throw new RangeError("a number goes on beyond the end");
    return byte;
  }
}
