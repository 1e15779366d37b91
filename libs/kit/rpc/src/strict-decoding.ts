import { BinaryReader } from "@bufbuild/protobuf/wire";
import type { ServiceDefinition } from "@grpc/grpc-js";

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const decodeUtf8 = (bytes: Uint8Array): string => decoder.decode(bytes);

/**
 * The definition, with requests that are refused when a text in them is not UTF-8. proto3 asks for that; the reader's
 * default puts U+FFFD in place of what it can't read, and an event's data would not be carried as it came.
 * @param definition as ts-proto makes it: its decoders take a reader in place of bytes
 */
export function decodeStrictly(definition: ServiceDefinition): ServiceDefinition {
  return Object.fromEntries(
    Object.entries(definition).map(([name, method]) => {
      const requestDeserialize = (bytes: Buffer): unknown =>
        method.requestDeserialize(new BinaryReader(bytes, decodeUtf8) as unknown as Buffer);
      return [name, { ...method, requestDeserialize }];
    }),
  );
}
