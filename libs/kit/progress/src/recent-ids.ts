/** Entries in a chunk: large enough to make its own cost vanish, small enough that a quiet partition needs little. */
const CHUNK_ENTRIES = 256;

/** A stretch of ids in the order in which they came. */
interface Chunk {
  readonly ids: string[];
  readonly atMs: number[];
  /** Entries before it are forgotten. */
  start: number;
}

/**
 * The ids that came lately, with the offset at which each came first. Bounded by count here, and by age through
 * {@link forgetOlderThan}.
 *
 * 100 to 145 bytes per id of 30 characters (measured with 100,000 to 1,000,000 ids on Node 24): the text 48, its map
 * entry 36 to 80, its place in the order 16. The ids themselves are kept and not hashes of them: two ids with one hash
 * would make a record a duplicate that is none, and so lose it.
 */
export class RecentIds {
  readonly #capacity: number;
  readonly #offsets = new Map<string, number>();
  /** The map would keep the order too, but asking it for its oldest takes longer the more were deleted. */
  readonly #chunks: Chunk[] = [];

  /** @param capacity ids at most, 1 or more. @throws {RangeError} for less */
  constructor(capacity: number) {
    if (!(capacity >= 1)) throw new RangeError(`capacity is ${capacity}: it must be 1 or more`);
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#offsets.size;
  }

  /** Where the id came first; undefined if it didn't come lately. */
  firstSeenAt(id: string): number | undefined {
    return this.#offsets.get(id);
  }

  /** An id that is known keeps its first offset and time. The oldest is forgotten when there is no more room. */
  remember(id: string, offset: number, atMs: number): void {
    if (this.#offsets.has(id)) return;
    if (this.#offsets.size >= this.#capacity) this.#forgetOldest();
    this.#offsets.set(id, offset);
    let last = this.#chunks.at(-1);
    if (!last || last.ids.length >= CHUNK_ENTRIES) {
      last = { ids: [], atMs: [], start: 0 };
      this.#chunks.push(last);
    }
    last.ids.push(id);
    last.atMs.push(atMs);
  }

  /** Forgets from the oldest on, up to the first that came at this time or later, milliseconds since the epoch. */
  forgetOlderThan(beforeMs: number): void {
    for (let oldest = this.#chunks[0]; oldest; oldest = this.#chunks[0]) {
      if ((oldest.atMs[oldest.start] ?? Infinity) >= beforeMs) return;
      this.#forgetOldest();
    }
  }

  #forgetOldest(): void {
    const oldest = this.#chunks[0];
    const id = oldest?.ids[oldest.start];
    if (!oldest || id === undefined) return;
    this.#offsets.delete(id);
    oldest.start++;
    if (oldest.start === oldest.ids.length) this.#chunks.shift();
  }
}
