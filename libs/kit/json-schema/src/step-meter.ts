/**
 * Steps that one check may take: a schema met at a place of the data, an entry of its lists, 16 characters of a text, each
 * count as one. 256 KiB of orders with a handful of fields each take a twentieth of this.
 */
export const MAX_STEPS = 1_000_000;

/** The data asked for more work than anybody may have others wait for. */
export class OutOfSteps extends Error {
  constructor() {
    super(`takes more than ${MAX_STEPS} steps to check`);
  }
}

/** Counts what a check costs while it runs: what it may cost can't be told from schema and data before. */
export class StepMeter {
  #left = MAX_STEPS;

  reset(): void {
    this.#left = MAX_STEPS;
  }

  /** @throws {OutOfSteps} */
  spend(steps: number): void {
    this.#left -= steps;
    if (this.#left < 0) throw new OutOfSteps();
  }
}
