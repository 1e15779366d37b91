/** Of 64 bits, exact up to 53: more than offsets and times have. */
export function readInt64(bytes: Buffer, at: number): number {
  return bytes.readInt32BE(at) * 2 ** 32 + bytes.readUInt32BE(at + 4);
}

/** -2^53 to 2^53. @returns where to write on */
export function writeInt64(bytes: Buffer, value: number, at: number): number {
  const high = Math.floor(value / 2 ** 32);
  bytes.writeInt32BE(high, at);
  return bytes.writeUInt32BE(value - high * 2 ** 32, at + 4);
}
