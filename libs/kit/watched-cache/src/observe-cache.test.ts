import { Registry } from "prom-client";
import { describe, expect, test } from "vitest";
import { observeCache } from "./observe-cache.ts";
import type { WatchedCacheState } from "./watched-cache.ts";

function stateOf(changes: Partial<WatchedCacheState> = {}): WatchedCacheState {
  return { isWatching: false, revision: 0n, entries: 0, asking: 0, ...changes };
}

describe("an observed cache", () => {
  test("is not ready until it was watched for the first time, and then stays so", () => {
    let isWatching = false;
    const findUnready = observeCache({
      ...{ what: "things", registry: new Registry() },
      state: () => stateOf({ isWatching }),
    });
    expect(findUnready()).toEqual(["changes of things are not watched yet"]);
    isWatching = true;
    expect(findUnready()).toEqual([]);
    isWatching = false;
    expect(findUnready()).toEqual([]);
  });

  test("shows its state, beside that of others", async () => {
    const registry = new Registry();
    observeCache({ what: "things", registry, state: () => stateOf({ isWatching: true, revision: 7n, entries: 3 }) });
    observeCache({ what: "names", registry, state: () => stateOf({ asking: 2 }) });
    const lines = (await registry.metrics()).split("\n").filter((line) => line !== "" && !line.startsWith("#"));
    expect(lines.sort()).toEqual([
      'postrider_cache_asking{cache="names"} 2',
      'postrider_cache_asking{cache="things"} 0',
      'postrider_cache_entries{cache="names"} 0',
      'postrider_cache_entries{cache="things"} 3',
      'postrider_cache_revision{cache="names"} 0',
      'postrider_cache_revision{cache="things"} 7',
      'postrider_cache_watching{cache="names"} 0',
      'postrider_cache_watching{cache="things"} 1',
    ]);
  });

  test("can't stand in for another one of the same name", () => {
    const options = { what: "things", registry: new Registry(), state: () => stateOf() };
    observeCache(options);
    expect(() => observeCache(options)).toThrow("a cache of things is observed already");
  });
});
