import type { VarintReader } from "./varint.ts";

/** Headers of a record that are remembered for the next one; longer values are not. */
const MAX_REMEMBERED = 32;
const MAX_REMEMBERED_BYTES = 128;

interface Remembered {
  name: Text;
  value: Text;
}

interface Text {
  readonly bytes: Uint8Array;
  readonly text: string;
}

const NOTHING: Text = { bytes: new Uint8Array(0), text: "" };

/**
 * Without a prototype, since names are anybody's; and made by a constructor, since an object of `Object.create(null)` is a
 * hash table from the beginning, at three times the price.
 */
const Headers = function Headers() {
  // Headers are added one by one.
} as unknown as { new (): Record<string, string>; prototype: object };
Headers.prototype = Object.create(null) as object;

/**
 * Reads the headers of one record after another. Records of a topic have the same names in the same order, and often the
 * same values: so what stood at the same place of the record before is compared, and only what differs is decoded.
 */
export class HeaderReader {
  readonly #remembered: Remembered[] = [];

  /** Of a name that comes more than once, the last one's value; a value that is null is empty. */
  read(reader: VarintReader): Readonly<Record<string, string>> {
    const headers = new Headers();
    const count = reader.read();
    for (let index = 0; index < count; index++) {
      const known = this.#at(index);
      known.name = readText(reader, known.name);
      known.value = readText(reader, known.value);
      headers[known.name.text] = known.value.text;
    }
    return headers;
  }

  #at(index: number): Remembered {
    const place = index < MAX_REMEMBERED ? index : MAX_REMEMBERED;
    return (this.#remembered[place] ??= { name: NOTHING, value: NOTHING });
  }
}

/** What stands here, behind its length; `known` if it is that. */
function readText(reader: VarintReader, known: Text): Text {
  const length = reader.read();
  if (length <= 0) return NOTHING;
  const { bytes, at } = reader;
  const end = at + length;
  if (end > bytes.length) throw new RangeError(`a header of ${length} bytes goes on beyond the end`);
  reader.at = end;
  if (known.bytes.length === length && standsAt(bytes, at, known.bytes)) return known;
  const text = bytes.toString("utf8", at, end);
  // Copied: a part of the fetch's answer would keep all of it alive.
  return {
    bytes: length <= MAX_REMEMBERED_BYTES ? Uint8Array.prototype.slice.call(bytes, at, end) : NOTHING.bytes,
    text,
  };
}

function standsAt(bytes: Uint8Array, at: number, known: Uint8Array): boolean {
  // From the end: ids differ there.
  for (let index = known.length - 1; index >= 0; index--) if (known[index] !== bytes[at + index]) return false;
  return true;
}
