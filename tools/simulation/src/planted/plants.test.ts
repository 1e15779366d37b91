import { expect, test } from "vitest";
import { simulate } from "../simulate.ts";
import { PLANT_NAMES, type PlantName } from "./plants.ts";

const HOURS = 12;
/** More than it takes: which of them find a bug changes with everything that takes part. */
const SEEDS = 24;
/** Several times what it takes: the machine may be busy. */
const PATIENCE_MS = 240_000;

/** By bug: the checks of which at least one must find it. */
const FOUND_BY: Readonly<Record<PlantName, readonly string[]>> = {
  "forgetful-window": ["nothing lost"],
  "early-recorder": ["nothing lost"],
  "numberless-deferral": ["duplicates"],
  "stuck-gate": ["memory"],
  "hasty-deferral": ["schedule"],
  "tardy-deferral": ["on time"],
  limitless: ["limits"],
  "deaf-directory": ["wanted"],
  "deaf-to-gone": ["gone"],
  "rate-for-each": ["rate"],
  "silent-success": ["health"],
};

test.each(PLANT_NAMES)("finds a planted bug within a few seeds: %s", { timeout: PATIENCE_MS }, async (plantName) => {
  const found = await findByPlant(plantName);
  expect(found.checks).toEqual(expect.arrayContaining([...FOUND_BY[plantName]]));
  expect(found.report).toContain(`npm run simulate -- --seed ${found.seed} --hours ${HOURS} --plant ${plantName}`);
});

/** The first of a few seeds for which one of the bug's own checks fails. */
async function findByPlant(plantName: PlantName) {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const { outcome, report } = await simulate({ seed, hours: HOURS, plantName });
    const checks = [...new Set(outcome.problems.map(({ check }) => check))];
    if (checks.some((check) => FOUND_BY[plantName].includes(check))) return { seed, checks, report };
  }
  throw new Error(`${SEEDS} seeds did not find ${plantName}`);
}
