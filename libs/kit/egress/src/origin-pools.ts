import type { Cancel } from "@postrider/kit-lifecycle";

import { OriginPool, type OriginPoolOptions } from "./origin-pool.ts";

/** The settings of {@link OriginPools}. */
export interface OriginPoolsOptions extends OriginPoolOptions {
  /** A pool that nothing used for this long is closed. */
  readonly idlePoolMs: number;
  readonly maxOrigins: number;
}

/**
 * The pools of all origins, bounded: idle ones are closed by a sweep, and the first idle one found makes room when
 * there are too many. (undici's own idle origin costs about 19 KB.)
 */
export class OriginPools {
  readonly #options: OriginPoolsOptions;
  readonly #pools = new Map<string, OriginPool>();
  readonly #closing = new Set<Promise<void>>();
  #cancelSweep: Cancel | undefined;

  constructor(options: OriginPoolsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#pools.size;
  }

  /** Finds or opens the pool of an origin; undefined if `maxOrigins` others are in use. */
  acquire(origin: string): OriginPool | undefined {
    const known = this.#pools.get(origin);
    if (known !== undefined) return known;
    if (this.#pools.size >= this.#options.maxOrigins && !this.#evictIdle()) return undefined;
    const pool = new OriginPool(origin, this.#options);
    this.#pools.set(origin, pool);
    this.#scheduleSweep();
    return pool;
  }

  /** Closes a pool; the next request to its origin opens another. */
  drop(pool: OriginPool): void {
    // Its place may have been taken by a successor.
    if (this.#pools.get(pool.origin) === pool) this.#pools.delete(pool.origin);
    const closing = pool.destroy().finally(() => {
      this.#closing.delete(closing);
    });
    this.#closing.add(closing);
  }

  /** Cuts all connections, and waits for their end. */
  async close(): Promise<void> {
    this.#cancelSweep?.();
    this.#cancelSweep = undefined;
    for (const pool of this.#pools.values()) this.drop(pool);
    await Promise.all(this.#closing);
  }

  #evictIdle(): boolean {
    for (const pool of this.#pools.values()) {
      if (!pool.isIdle) continue;
      this.drop(pool);
      return true;
    }
    return false;
  }

  #scheduleSweep(): void {
    if (this.#pools.size === 0) return;
    this.#cancelSweep ??= this.#options.clock.after(this.#options.idlePoolMs / 2, () => {
      this.#cancelSweep = undefined;
      const oldestUs = this.#options.clock.monotonicUs() - this.#options.idlePoolMs * 1000;
      for (const pool of this.#pools.values()) {
        if (pool.isIdle && pool.lastUsedUs <= oldestUs) this.drop(pool);
      }
      this.#scheduleSweep();
    });
  }
}
