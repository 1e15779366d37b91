import { randomFillSync } from "node:crypto";
import type { Random } from "./clock.ts";

/** Drawn at a time from the system's generator, since a call to it costs far more than a number. */
const POOL_SIZE = 1024;

/** The machine's own chance, from the cryptographic generator: ids made from it do not collide between processes. */
export function createSystemRandom(): Random {
  const pool = new Uint32Array(POOL_SIZE);
  let next = POOL_SIZE;
  return () => {
    if (next === POOL_SIZE) {
      randomFillSync(pool);
      next = 0;
    }
    const drawn = pool[next] ?? 0;
    next += 1;
    return drawn / 0x1_0000_0000;
  };
}
