/** In front of each body: enough for a request's head with a client id of some 200 bytes. */
const HEAD_ROOM_BYTES = 256;

/** What kafkajs takes for one of its encoders. */
export interface Encoded {
  readonly buf: Buffer;
  readonly buffer: Buffer;
  /** Bytes in front of `buffer`, in the same memory, that a request's head may be written to. */
  readonly roomBefore?: number;
}

/** A request's body of so many bytes, still to be written, with room for the head: so it needn't be copied behind one. */
export function allocateBody(size: number): Encoded & { readonly buffer: Buffer } {
  const body = Buffer.allocUnsafeSlow(HEAD_ROOM_BYTES + size).subarray(HEAD_ROOM_BYTES);
  return { buf: body, buffer: body, roomBefore: HEAD_ROOM_BYTES };
}

/** A STRING of the protocol: behind its length of two bytes. @returns where to write on */
export function writeString(body: Buffer, text: string, at: number): number {
  const textAt = body.writeInt16BE(Buffer.byteLength(text), at);
  return textAt + body.write(text, textAt);
}
