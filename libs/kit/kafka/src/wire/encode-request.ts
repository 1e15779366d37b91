import { type Encoded, writeString } from "./encoded.ts";

/** Of a request's head, without the client's id; the first four are the length of the rest. */
const HEAD_BYTES = 14;
const LENGTH_BYTES = 4;

/** As kafkajs gives it. */
export interface RequestToEncode {
  readonly correlationId: number;
  readonly clientId: string;
  readonly request: {
    readonly apiKey: number;
    readonly apiVersion: number;
    readonly encode: () => Promise<Encoded>;
  };
}

/**
 * A request behind its length, with its head (Kafka protocol guide, request header version 1): around a body of ours
 * where it is; of kafkajs's in one buffer of the right size, which it would copy three times on the way, into buffers of
 * the next power of two that it fills with zeros first.
 */
export async function encodeRequest({ correlationId, clientId, request }: RequestToEncode): Promise<Encoded> {
  const { buffer: body, roomBefore = 0 } = await request.encode();
  const headSize = HEAD_BYTES + Buffer.byteLength(clientId);
  const bytes = placeAround(body, headSize, roomBefore);
  let at = bytes.writeInt32BE(bytes.length - LENGTH_BYTES, 0);
  at = bytes.writeInt16BE(request.apiKey, at);
  at = bytes.writeInt16BE(request.apiVersion, at);
  at = bytes.writeInt32BE(correlationId, at);
  writeString(bytes, clientId, at);
  return { buf: bytes, buffer: bytes };
}

/** The body with `headSize` bytes in front of it. */
function placeAround(body: Buffer, headSize: number, roomBefore: number): Buffer {
  const size = headSize + body.length;
  if (headSize <= roomBefore) return Buffer.from(body.buffer, body.byteOffset - headSize, size);
  const bytes = Buffer.allocUnsafeSlow(size);
  bytes.set(body, headSize);
  return bytes;
}
