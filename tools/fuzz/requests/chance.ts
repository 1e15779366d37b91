// Chance of one request: the same seed and number make the same request, whatever was sent before it.
import { createSeededRandom, type SeededRandom } from "../../chaos/kills/random.ts";

export interface Chance extends SeededRandom {
  /** True in that share of cases. */
  readonly often: (share: number) => boolean;
  /** A whole number from 0 to below the bound. */
  readonly below: (bound: number) => number;
  readonly bytes: (count: number) => Buffer;
}

export function createChance(seed: number, index: number): Chance {
  // Two rounds of mixing: neighbours must not look alike.
  const random = createSeededRandom(Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(index + 1, 0xc2b2ae35));
  random.next();
  const below = (bound: number): number => Math.floor(random.next() * bound);
  return {
    ...random,
    below,
    often: (share) => random.next() < share,
    bytes: (count) => Buffer.from(Array.from({ length: count }, () => below(256))),
  };
}
