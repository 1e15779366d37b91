import { randomBytes } from "node:crypto";
import { createMasterKey, createSealer, parseMasterKeys, type Sealer } from "@postrider/kit-secrets";

const keys = new Map<string, string>();

/** A sealer with the keys of these ids, the first of which seals. In one run of tests an id is always the same key. */
export function createTestSealer(...ids: readonly [string, ...string[]]): Sealer {
  return createSealerOf(...ids.map(keyOf));
}

/** The same, of keys as they are set. */
export function createSealerOf(...entries: readonly string[]): Sealer {
  const parsed = parseMasterKeys(entries.join(","));
  if (parsed.kind === "invalid") throw new Error(parsed.reason);
  return createSealer({ masterKeys: parsed.keys, randomBytes });
}

/** The key of an id, as it is set. */
function keyOf(id: string): string {
  const key = keys.get(id) ?? createMasterKey(randomBytes, id);
  keys.set(id, key);
  return key;
}
