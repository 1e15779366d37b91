// Chance that can be had again: the same seed makes the same run, as far as chance decides it.

export interface SeededRandom {
  /** Uniform in [0, 1). */
  readonly next: () => number;
  /** Uniform in [from, to). */
  readonly between: (from: number, to: number) => number;
  readonly pick: <T>(choices: readonly T[]) => T;
  readonly shuffle: <T>(things: readonly T[]) => T[];
}

/** Mulberry32: 32 bits of state, good enough to choose victims. @param seed any integer */
export function createSeededRandom(seed: number): SeededRandom {
  let state = seed | 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const pick = <T>(choices: readonly T[]): T => {
    const picked = choices[Math.floor(next() * choices.length)];
    if (picked === undefined) throw new Error("nothing to pick from");
    return picked;
  };
  return {
    next,
    between: (from, to) => from + next() * (to - from),
    pick,
    shuffle: (things) => {
      const left = [...things];
      return things.flatMap(() => left.splice(Math.floor(next() * left.length), 1));
    },
  };
}
