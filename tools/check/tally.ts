// Counts what the check found. Pure, because a wrong count would look like a proof.
import type { StepResult } from "./run-step.ts";

export interface TestCounts {
  readonly passed: number;
  readonly failed: number;
  /** Full names of the tests that did not run. */
  readonly skipped: readonly string[];
  /** Of the run itself: "0" when all is well. */
  readonly exit: string;
}

export interface Total {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** What went wrong beyond failed tests, which the run itself has shown. */
  readonly testProblems: readonly string[];
}

/** One for each step and each test; a run that broke without a failed test (a file that does not load) is one failure. */
export function tally(found: {
  readonly steps: readonly StepResult[];
  readonly tests: TestCounts;
  readonly skippedCountsAsFailed: boolean;
}): Total {
  const { steps, tests, skippedCountsAsFailed } = found;
  const passedSteps = steps.filter((step) => step.passed).length;
  const testProblems: string[] = [];
  if (tests.exit !== "0" && tests.failed === 0) testProblems.push(`tests (the run ended with exit ${tests.exit})`);
  if (tests.exit === "0" && tests.passed === 0) testProblems.push("tests (none ran)");
  if (skippedCountsAsFailed)
    testProblems.push(...tests.skipped.map((name) => `skipped, which CI does not allow: ${name}`));
  return {
    passed: tests.passed + passedSteps,
    failed: tests.failed + steps.length - passedSteps + testProblems.length,
    skipped: skippedCountsAsFailed ? 0 : tests.skipped.length,
    testProblems,
  };
}

/** The last line of the check; programs read it. */
export function closingLine({ passed, failed, skipped }: Total): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}
