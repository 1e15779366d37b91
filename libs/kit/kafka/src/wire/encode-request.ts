import type { Encoded } from "./encode-produce.ts";

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
 * A request behind its length, with its head (Kafka protocol guide, request header version 1), in one buffer of the
 * right size: kafkajs copies the body three times on the way, into buffers of the next power of two that it fills with
 * zeros first.
 */
export async function encodeRequest({ correlationId, clientId, request }: RequestToEncode): Promise<Encoded> {
  const { buffer: body } = await request.encode();
  const size = 10 + Buffer.byteLength(clientId) + body.length;
  const bytes = Buffer.allocUnsafeSlow(4 + size);
  let at = bytes.writeInt32BE(size, 0);
  at = bytes.writeInt16BE(request.apiKey, at);
  at = bytes.writeInt16BE(request.apiVersion, at);
  at = bytes.writeInt32BE(correlationId, at);
  at = bytes.writeInt16BE(Buffer.byteLength(clientId), at);
  at += bytes.write(clientId, at);
  bytes.set(body, at);
  return { buf: bytes, buffer: bytes };
}
