// Runs vitest and reads its counts. Its output is shown as it comes: tests take long enough that silence looks like a hang.
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { root } from "../walls/workspace.ts";
import { runCommand, seconds } from "./run-step.ts";
import type { TestCounts } from "./tally.ts";

const reportFile = ".cache/vitest.json";
const timeoutMs = 30 * 60_000;

/** The part of vitest's JSON report (the same shape as jest's) that is read here. */
interface VitestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[];
  }[];
}

/** All tests of all projects. */
export async function runTests(): Promise<TestCounts> {
  console.log("▸ tests …");
  const startedAtMs = performance.now();
  mkdirSync(join(root, ".cache"), { recursive: true });
  rmSync(join(root, reportFile), { force: true });
  const { exit } = await runCommand(
    ["vitest", "run", "--reporter=default", "--reporter=json", `--outputFile.json=${reportFile}`],
    { show: true, timeoutMs },
  );
  console.log(`${exit === "0" ? "✓" : "✗"} tests ${seconds(startedAtMs)}${exit === "0" ? "" : ` (exit: ${exit})`}`);
  return { ...loadCounts(), exit };
}

function loadCounts(): Omit<TestCounts, "exit"> {
  let report: VitestReport;
  try {
    report = JSON.parse(readFileSync(join(root, reportFile), "utf8")) as VitestReport;
  } catch {
    // vitest ended before it could report; its exit code says so.
    return { passed: 0, failed: 0, skipped: [] };
  }
  const skipped = report.testResults.flatMap((file) =>
    file.assertionResults.filter(({ status }) => status !== "passed" && status !== "failed"),
  );
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests,
    skipped: skipped.map(({ fullName }) => fullName),
  };
}
