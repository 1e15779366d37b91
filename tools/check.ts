// What `npm test` runs: every proof that the project has, in one command.
//
// A step is a command of its own with an exit code, so that each can also be run alone. Steps run in two lanes (the
// smallest machine that we care for has two cores), the tests after them, alone, because some of them measure time.
// A failing step never hides another: everything runs, the output of what failed is shown, the last line counts.
import { runInLanes, type Step } from "./check/run-step.ts";
import { runTests } from "./check/run-tests.ts";
import { closingLine, tally } from "./check/tally.ts";

const inCi = process.env["CI"] === "true";
// A stale cache once let a fresh clone pass without linting anything: CI believes no cache.
const uncached = inCi ? ["--skip-nx-cache"] : [];

const light: readonly Step[] = [
  { name: "format", command: ["prettier", "--check", "--log-level=warn", "."], hint: "npm run format" },
  { name: "proto lint", command: ["buf", "lint"] },
  {
    name: "generated code is current",
    command: ["node", "tools/generate.ts", "--check"],
    hint: "npm run generate",
  },
  { name: "tags agree with paths", command: ["node", "tools/walls/check-tags.ts"] },
  {
    name: "references agree with dependencies",
    command: ["node", "tools/walls/sync-references.ts", "--check"],
    hint: "node tools/walls/sync-references.ts",
  },
  {
    name: "lock file is complete",
    command: ["node", "tools/walls/check-lock.ts"],
    hint: "pin the package that needs it to a version that the registry has whole",
  },
  // Not strict: where the registry is a mirror without advisories, no change of ours could make it pass.
  { name: "known holes in dependencies", command: ["node", "tools/audit/main.ts"], hint: "docs/security.md" },
  { name: "unused code and dependencies", command: ["knip", "--no-progress"] },
  // Fetched beside the other steps, so that the tests need not wait for it. Elsewhere the tests fetch it if they can,
  // and say in one line which suites are skipped if not.
  ...(inCi ? [{ name: "Kafka and PostgreSQL are at hand", command: ["node", "tools/stack/fetch.ts"] } as const] : []),
];
const heavy: readonly Step[] = [
  { name: "type check", command: ["nx", "run-many", "-t", "typecheck", ...uncached] },
  { name: "lint", command: ["nx", "run-many", "-t", "lint", ...uncached] },
  { name: "planted violations are found", command: ["node", "tools/walls/planted.ts"] },
];

const steps = await runInLanes([light, heavy]);
const tests = await runTests();
const total = tally({ steps, tests, skippedCountsAsFailed: inCi });

console.log("");
for (const { name, hint } of steps.filter((step) => !step.passed)) {
  console.log(`✗ ${name}${hint === undefined ? "" : `   (try: ${hint})`}`);
}
if (tests.failed > 0) console.log(`✗ tests (${tests.failed} failed)`);
for (const problem of total.testProblems) console.log(`✗ ${problem}`);
process.exitCode = total.failed === 0 ? 0 : 1;
console.log(closingLine(total));
