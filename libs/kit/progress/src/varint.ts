// Little endian, seven bits a byte, the top bit says that more follow: protobuf's form. By division, because offsets have
// up to 53 bits and shifts only 32.

/** Appends a whole number from 0 to 2^53 - 1: 1 to 8 bytes. */
export function pushVarint(bytes: number[], value: number): void {
  let rest = value;
  while (rest >= 128) {
    bytes.push((rest % 128) + 128);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
}

/** Reads one after another. */
export class VarintReader {
  readonly #bytes: Uint8Array;
  #at: number;

  constructor(bytes: Uint8Array, start: number) {
    this.#bytes = bytes;
    this.#at = start;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  /** Not a safe integer (NaN or more than 2^53 - 1) when the bytes end within it or make more of it. */
  read(): number {
    let value = 0;
    for (let factor = 1; factor <= 128 ** 7; factor *= 128) {
      const byte = this.#bytes[this.#at++] ?? Number.NaN;
      value += (byte % 128) * factor;
      if (!(byte >= 128)) return value;
    }
    return Number.NaN;
  }
}
