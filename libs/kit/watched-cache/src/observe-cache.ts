import { Gauge, type Registry } from "prom-client";
import type { WatchedCacheState } from "./watched-cache.ts";

export interface ObserveCacheOptions {
  /** What is cached, such as "subscriptions": the metrics' label. Once in a registry. */
  readonly what: string;
  readonly state: () => WatchedCacheState;
  readonly registry: Registry;
}

/**
 * Shows a cache's state in metrics. What is returned tells why the process is not ready: until changes were watched for
 * the first time. Later a broken watch is no reason: what is known is served, and the service's absence must not take
 * away those that can do without it.
 */
export function observeCache({ what, state, registry }: ObserveCacheOptions): () => readonly string[] {
  const caches = cachesOf(registry);
  if (caches.has(what)) throw new Error(`a cache of ${what} is observed already`);
  caches.set(what, state);
  let wasWatched = false;
  return () => {
    wasWatched ||= state().isWatching;
    return wasWatched ? [] : [`changes of ${what} are not watched yet`];
  };
}

type Caches = Map<string, () => WatchedCacheState>;

const cachesByRegistry = new WeakMap<Registry, Caches>();

function cachesOf(registry: Registry): Caches {
  const known = cachesByRegistry.get(registry);
  if (known) return known;
  const caches: Caches = new Map();
  cachesByRegistry.set(registry, caches);
  const add = (name: string, help: string, read: (state: WatchedCacheState) => number): void => {
    new Gauge({
      ...{ name: `postrider_cache_${name}`, help, labelNames: ["cache"], registers: [registry] },
      collect() {
        for (const [cache, state] of caches) this.set({ cache }, read(state()));
      },
    });
  };
  add("watching", "1 while changes are watched; 0 while what is known is served as it was.", ({ isWatching }) =>
    Number(isWatching),
  );
  add("revision", "The last revision that the watch told; 0 before the first.", ({ revision }) => Number(revision));
  add("entries", "Answers that are held, by weight.", ({ entries }) => entries);
  add("asking", "Questions that are out, those included that wait for another try.", ({ asking }) => asking);
  return caches;
}
