/**
 * The ids of the webhooks that were handled lately. Delivery is at least once: the same webhook-id can come again.
 * In memory, so it forgets on restart: what must not happen twice belongs into your database, under a unique webhook-id.
 */
export class RecentIds {
  readonly #ids = new Set<string>();
  readonly #capacity: number;

  constructor(capacity = 10_000) {
    this.#capacity = capacity;
  }

  /** Claims an id; false if it was claimed before. */
  claim(id: string): boolean {
    if (this.#ids.has(id)) return false;
    this.#ids.add(id);
    // A Set keeps the order of insertion: the first is the oldest.
    const [oldest] = this.#ids;
    if (this.#ids.size > this.#capacity && oldest !== undefined) this.#ids.delete(oldest);
    return true;
  }

  /** Gives an id back, because handling it failed: the next attempt must be handled. */
  release(id: string): void {
    this.#ids.delete(id);
  }
}
