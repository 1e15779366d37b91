// Asks the registry for known holes in what is installed for production. Exits with 1 if there is one that
// tools/audit/exceptions.json does not excuse. Where the registry can't tell, that is said, and is a failure with --strict.
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { root } from "../walls/workspace.ts";
import { type AuditException, judgeAudit } from "./judge-audit.ts";

const HELP = `Known holes in the packages that run in production, by npm audit.

  node tools/audit/main.ts [--strict] [--exceptions FILE]

  --strict       fail if the registry has no advisories to ask for (a mirror, no network); otherwise this is only said
  --exceptions   JSON: [{"advisory": "GHSA-...", "reason": "...", "until": "YYYY-MM-DD"}]; tools/audit/exceptions.json
`;

const { values } = parseArgs({
  options: {
    strict: { type: "boolean", default: false },
    exceptions: { type: "string", default: join(root, "tools", "audit", "exceptions.json") },
    help: { type: "boolean", default: false },
  },
});
if (values.help) console.log(HELP);
else process.exitCode = await audit();

async function audit(): Promise<number> {
  const exceptions = JSON.parse(readFileSync(values.exceptions, "utf8")) as readonly AuditException[];
  const today = new Date().toISOString().slice(0, 10);
  const verdict = judgeAudit({ output: await runNpmAudit(), exceptions, today });
  if (verdict.kind === "unavailable") {
    console.log(`! not audited: ${verdict.why}`);
    return values.strict ? 1 : 0;
  }
  for (const line of verdict.excused) console.log(`excused: ${line}`);
  for (const line of verdict.problems) console.error(line);
  if (verdict.problems.length === 0) console.log("no known holes that are not excused");
  return verdict.problems.length === 0 ? 0 : 1;
}

/** Exits with 1 when it finds something; what it prints says more. */
async function runNpmAudit(): Promise<string> {
  const args = ["audit", "--omit=dev", "--json", "--fetch-retries=1", "--fetch-timeout=30000"];
  return await new Promise((resolve) => {
    execFile("npm", args, { cwd: root, maxBuffer: 64 * 1024 * 1024 }, (_error, stdout) => {
      resolve(stdout);
    });
  });
}
