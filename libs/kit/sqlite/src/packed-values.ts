import type { SqlValue } from "./sqlite.ts";

/**
 * Values on their way between the threads: scalars in one flat array (`undefined` stands where a blob was), the bytes
 * of all blobs in one buffer that is transferred. Cloning a Uint8Array by itself would copy its whole underlying
 * buffer, which for a slice of a socket's read buffer is many times its size, at a microsecond or two each.
 */
export interface PackedValues {
  readonly scalars: readonly (string | number | bigint | null | undefined)[];
  readonly lengths: Uint32Array<ArrayBuffer>;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Collects values and packs them once. */
export class ValuePacker {
  readonly #scalars: (string | number | bigint | null | undefined)[] = [];
  readonly #blobs: Uint8Array[] = [];
  #byteCount = 0;

  add(value: SqlValue): void {
    if (value instanceof Uint8Array) {
      this.#scalars.push(undefined);
      this.#blobs.push(value);
      this.#byteCount += value.byteLength;
    } else {
      this.#scalars.push(value);
    }
  }

  finish(): PackedValues {
    const bytes = new Uint8Array(this.#byteCount);
    const lengths = new Uint32Array(this.#blobs.length);
    let at = 0;
    for (const [index, blob] of this.#blobs.entries()) {
      bytes.set(blob, at);
      lengths[index] = blob.byteLength;
      at += blob.byteLength;
    }
    return { scalars: this.#scalars, lengths, bytes };
  }
}

/** Gives packed values back in the order in which they were added. Blobs are views of the one buffer. */
export class ValueReader {
  readonly #packed: PackedValues;
  #scalarIndex = 0;
  #blobIndex = 0;
  #byteIndex = 0;

  constructor(packed: PackedValues) {
    this.#packed = packed;
  }

  next(): SqlValue {
    const scalar = this.#packed.scalars[this.#scalarIndex++];
    if (scalar !== undefined) return scalar;
    const start = this.#byteIndex;
    this.#byteIndex += this.#packed.lengths[this.#blobIndex++] ?? 0;
    return this.#packed.bytes.subarray(start, this.#byteIndex);
  }

  take(count: number): SqlValue[] {
    const values = new Array<SqlValue>(count);
    for (let index = 0; index < count; index++) values[index] = this.next();
    return values;
  }
}
