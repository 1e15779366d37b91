import type { Random } from "@postrider/kit-lifecycle";

/** Everything that happens by chance in the world comes from one seed, through one of these. */
export class RandomSource {
  readonly #state: Uint32Array;

  /** @param seed a whole number. @param branch streams of the same seed that go by different names are independent */
  constructor(seed: number, branch = "") {
    let hash = 0x811c9dc5 ^ seed;
    for (const character of `${seed}/${branch}`) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193);
    this.#state = Uint32Array.of(hash, 0x9e3779b9 ^ seed, 0x243f6a88, 1);
    for (let round = 0; round < 16; round++) this.next();
  }

  /** Uniform in [0, 1). The generator is sfc32 of PractRand: fast, and good for far more than a world needs. */
  readonly next: Random = () => {
    const s = this.#state;
    const [a = 0, b = 0, c = 0, d = 0] = s;
    const sum = (a + b + d) >>> 0;
    s[3] = d + 1;
    s[0] = b ^ (b >>> 9);
    s[1] = c + (c << 3);
    s[2] = ((c << 21) | (c >>> 11)) + sum;
    return sum / 0x1_0000_0000;
  };

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** Uniform from `least` to below `most`. */
  between(least: number, most: number): number {
    return least + (most - least) * this.next();
  }

  /** A whole number from `least` to `most`, both included. */
  whole(least: number, most: number): number {
    return least + Math.floor(this.next() * (most - least + 1));
  }

  /** Between `least` and `most`, each order of magnitude as likely as the other. Both above 0. */
  magnitude(least: number, most: number): number {
    return least * Math.exp(Math.log(most / least) * this.next());
  }

  /** The time until the next of things that come on average every `meanMs`, whenever they like. */
  exponential(meanMs: number): number {
    return -Math.log(1 - this.next()) * meanMs;
  }

  pick<T>(things: readonly [T, ...T[]]): T {
    return things[Math.floor(this.next() * things.length)] ?? things[0];
  }
}
