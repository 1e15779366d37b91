// The walls (eslint.config.mjs) stand on tags; this says that the tags are true. Exits with 1 and the list of what is not.
import { findTagProblems } from "./find-tag-problems.ts";
import { findSources, loadPackages } from "./workspace.ts";

const packages = loadPackages();
const problems = findTagProblems(packages, findSources());
for (const problem of problems) console.error(problem);
if (problems.length === 0) console.log(`${packages.length} packages are tagged as their paths say`);
process.exitCode = problems.length === 0 ? 0 : 1;
