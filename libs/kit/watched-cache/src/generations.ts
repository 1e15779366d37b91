/** One generation: values by scope, then by key, and what they weigh together. */
interface Generation<Value> {
  readonly scopes: Map<string, Map<string, Value>>;
  weight: number;
}

/** Anything but undefined (and null), which stands for what is not known. */
export type Known = object | string | number | bigint | boolean | symbol;

export interface GenerationsOptions<Value> {
  /** What all values and scopes may weigh together; at least 2. A value that is heavier than half of it is kept all the same. */
  readonly maxWeight: number;
  /** What one value weighs; a scope weighs 1 on top. */
  readonly weigh: (value: Value) => number;
}

/**
 * A bounded map of maps that forgets what was not used for long. Instead of a list in order of use, which each hit would
 * have to touch, there are two generations: new and used values are in the young one; when it has half of the weight it
 * becomes the old one, and what is left in the one before is forgotten. So a hit in the young one is two Map lookups.
 */
export class Generations<Value extends Known> {
  readonly #options: GenerationsOptions<Value>;
  #young: Generation<Value> = { scopes: new Map(), weight: 0 };
  #old: Generation<Value> = { scopes: new Map(), weight: 0 };

  constructor(options: GenerationsOptions<Value>) {
    if (!(options.maxWeight >= 2)) throw new RangeError(`maxEntries is ${options.maxWeight}; at least 2 are needed`);
    this.#options = options;
  }

  get weight(): number {
    return this.#young.weight + this.#old.weight;
  }

  find(scope: string, key: string): Value | undefined {
    return this.#young.scopes.get(scope)?.get(key) ?? this.#findOld(scope, key);
  }

  set(scope: string, key: string, value: Value): void {
    this.#remove(this.#young, scope, key);
    this.#remove(this.#old, scope, key);
    const weight = this.#options.weigh(value);
    if (this.#young.weight + weight + 1 > this.#options.maxWeight / 2) this.#grow();
    let keys = this.#young.scopes.get(scope);
    if (!keys) {
      keys = new Map();
      this.#young.scopes.set(scope, keys);
      this.#young.weight += 1;
    }
    keys.set(key, value);
    this.#young.weight += weight;
  }

  forget(scope: string): void {
    for (const generation of [this.#young, this.#old]) {
      const keys = generation.scopes.get(scope);
      if (!keys) continue;
      for (const key of [...keys.keys()]) this.#remove(generation, scope, key);
    }
  }

  clear(): void {
    this.#young = { scopes: new Map(), weight: 0 };
    this.#old = { scopes: new Map(), weight: 0 };
  }

  #findOld(scope: string, key: string): Value | undefined {
    const value = this.#old.scopes.get(scope)?.get(key);
    if (value !== undefined) this.set(scope, key, value);
    return value;
  }

  #grow(): void {
    this.#old = this.#young;
    this.#young = { scopes: new Map(), weight: 0 };
  }

  #remove(generation: Generation<Value>, scope: string, key: string): void {
    const keys = generation.scopes.get(scope);
    const value = keys?.get(key);
    if (!keys || value === undefined) return;
    keys.delete(key);
    generation.weight -= this.#options.weigh(value);
    if (keys.size > 0) return;
    generation.scopes.delete(scope);
    generation.weight -= 1;
  }
}
