import { expect, test } from "vitest";
import { runSimulation } from "./run-simulation.ts";
import { drawSeed } from "./settings.ts";
import { simulate } from "./simulate.ts";

const HOURS = 24;
/** With the fresh one more than 500 hours; all of them take less than a minute together, if the machine has nothing else to do. */
const FIXED_SEEDS = Array.from({ length: 20 }, (_, index) => index + 1);
/** For one of them: many times what it takes, because the machine may be busy. */
const PATIENCE_MS = 240_000;

test.each(FIXED_SEEDS)(
  `keeps its promises over ${HOURS} hours of known faults: seed %i`,
  { timeout: PATIENCE_MS },
  expectKept,
);

test(`keeps its promises over ${HOURS} hours of faults that nobody has seen`, { timeout: PATIENCE_MS }, async () => {
  const seed = drawSeed();
  console.log(`a fresh seed: npm run simulate -- --seed ${seed} --hours ${HOURS}`);
  await expectKept(seed);
});

test("the same seed gives the same run, and another one another", { timeout: PATIENCE_MS }, async () => {
  const [first, second, other] = [
    await runSimulation({ seed: 2, hours: 6 }),
    await runSimulation({ seed: 2, hours: 6, traced: { eventId: "e1" } }),
    await runSimulation({ seed: 3, hours: 6 }),
  ];
  expect(second.hash).toBe(first.hash);
  expect(second.counts).toEqual(first.counts);
  expect(other.hash).not.toBe(first.hash);
});

async function expectKept(seed: number): Promise<void> {
  const { outcome, report } = await simulate({ seed, hours: HOURS });
  if (outcome.problems.length > 0) throw new Error(report);
}
