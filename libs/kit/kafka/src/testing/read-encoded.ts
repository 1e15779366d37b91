import { VarintReader } from "../wire/varint.ts";

/** Key and value of a record as `encodeRecord` writes it; an empty key if there is none. */
export function readEncoded(encoded: Buffer): { readonly key: string; readonly value: string } {
  const reader = new VarintReader(encoded);
  const readText = (): string => {
    const length = Math.max(0, reader.read());
    const text = encoded.toString("utf8", reader.at, reader.at + length);
    reader.at += length;
    return text;
  };
  return { key: readText(), value: readText() };
}
