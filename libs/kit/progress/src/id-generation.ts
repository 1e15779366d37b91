import { hash } from "node:crypto";

/** Words of 32 bits that stand for an id. */
const KEY_WORDS = 4;

/**
 * What stands for an id: 128 bits of its SHA-256. That two ids share them can neither happen by chance (1 in 10^33 for half
 * a million) nor be brought about, so an id is never taken for another one, and lost.
 */
export function keyOf(id: string): Uint32Array {
  // A character a byte: a string costs half of what a buffer does.
  const digest = hash("sha256", id, "binary");
  const key = new Uint32Array(KEY_WORDS);
  for (let word = 0; word < KEY_WORDS; word++) key[word] = readWord(digest, word * 4);
  return key;
}

function readWord(digest: string, at: number): number {
  return (
    digest.charCodeAt(at) |
    (digest.charCodeAt(at + 1) << 8) |
    (digest.charCodeAt(at + 2) << 16) |
    (digest.charCodeAt(at + 3) << 24)
  );
}

/**
 * A bounded run of ids that came one after another: an open-addressing table in typed arrays, outside of the heap that
 * the garbage collector walks. Ids are only added; the whole generation is dropped at once.
 */
export class IdGeneration {
  readonly #capacity: number;
  readonly #keys: Uint32Array;
  readonly #offsets: Float64Array;
  readonly #atMs: Float64Array;
  /** Entry number + 1, at the place that the key's first word gives or the next free one; 0 is free. At most half full. */
  readonly #slots: Uint32Array;
  #count = 0;
  #newestAtMs = -Infinity;

  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#keys = new Uint32Array(capacity * KEY_WORDS);
    this.#offsets = new Float64Array(capacity);
    this.#atMs = new Float64Array(capacity);
    this.#slots = new Uint32Array(2 ** Math.ceil(Math.log2(capacity * 2)));
  }

  get count(): number {
    return this.#count;
  }

  get isFull(): boolean {
    return this.#count === this.#capacity;
  }

  /** The latest time of an id in it; -Infinity if it is empty. */
  get newestAtMs(): number {
    return this.#newestAtMs;
  }

  /** Where the id came, if that was at `sinceMs` or later. */
  findOffset(key: Uint32Array, sinceMs: number): number | undefined {
    for (let slot = this.#firstSlot(key); ; slot = (slot + 1) % this.#slots.length) {
      const entry = (this.#slots[slot] ?? 0) - 1;
      if (entry < 0) return undefined;
      if (this.#isAt(entry, key) && (this.#atMs[entry] ?? 0) >= sinceMs) return this.#offsets[entry];
    }
  }

  /** Call only while it is not full. */
  add(key: Uint32Array, offset: number, atMs: number): void {
    const entry = this.#count;
    this.#count += 1;
    this.#keys.set(key, entry * KEY_WORDS);
    this.#offsets[entry] = offset;
    this.#atMs[entry] = atMs;
    this.#newestAtMs = Math.max(this.#newestAtMs, atMs);
    let slot = this.#firstSlot(key);
    while (this.#slots[slot] !== 0) slot = (slot + 1) % this.#slots.length;
    this.#slots[slot] = entry + 1;
  }

  #firstSlot(key: Uint32Array): number {
    return (key[0] ?? 0) % this.#slots.length;
  }

  #isAt(entry: number, key: Uint32Array): boolean {
    const at = entry * KEY_WORDS;
    for (let word = 0; word < KEY_WORDS; word++) if (this.#keys[at + word] !== key[word]) return false;
    return true;
  }
}
