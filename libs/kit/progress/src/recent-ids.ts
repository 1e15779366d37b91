import { IdGeneration, keyOf } from "./id-generation.ts";

/** Into how many parts the capacity is cut: a whole part is forgotten at a time, and each is looked into for each id. */
const GENERATIONS = 8;

/**
 * The ids that came lately, with the offset at which each came first. Bounded by count here, and by age through
 * {@link forgetOlderThan}.
 *
 * 40 bytes per id, whatever its length, in arrays that the garbage collector does not walk: a map of the ids took 125 on the
 * heap, which at 300,000 ids made the process 90 MB larger and each collection dearer.
 */
export class RecentIds {
  readonly #generationCapacity: number;
  /** Oldest first; at least the latest `capacity` ids, and at most an eighth more. */
  readonly #generations: IdGeneration[] = [];
  #sinceMs = -Infinity;

  /** @param capacity ids that are kept, 1 or more. @throws {RangeError} for less */
  constructor(capacity: number) {
    if (!(capacity >= 1)) throw new RangeError(`capacity is ${capacity}: it must be 1 or more`);
    this.#generationCapacity = Math.ceil(capacity / GENERATIONS);
  }

  /** How many are held, those included that are too old to be told. */
  get size(): number {
    return this.#generations.reduce((sum, { count }) => sum + count, 0);
  }

  /** Where the id came first, remembering this time too if it is the first. */
  remember(id: string, offset: number, atMs: number): number {
    const key = keyOf(id);
    const known = this.#findOffset(key);
    if (known !== undefined) return known;
    this.#openGeneration().add(key, offset, atMs);
    return offset;
  }

  /** What came before this time, milliseconds since the epoch, is not known any more. */
  forgetOlderThan(sinceMs: number): void {
    this.#sinceMs = Math.max(this.#sinceMs, sinceMs);
    while ((this.#generations[0]?.newestAtMs ?? Infinity) < this.#sinceMs) this.#generations.shift();
  }

  #findOffset(key: Uint32Array): number | undefined {
    for (let index = this.#generations.length - 1; index >= 0; index--) {
      const offset = this.#generations[index]?.findOffset(key, this.#sinceMs);
      if (offset !== undefined) return offset;
    }
    return undefined;
  }

  #openGeneration(): IdGeneration {
    const last = this.#generations.at(-1);
    if (last && !last.isFull) return last;
    const next = new IdGeneration(this.#generationCapacity);
    this.#generations.push(next);
    if (this.#generations.length > GENERATIONS + 1) this.#generations.shift();
    return next;
  }
}
