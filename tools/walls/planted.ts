// Proves that lint would catch what the walls forbid: plants violations in a copy of the repository, lints the copy
// through nx, and expects each planted line to be reported by its rule. Without this proof a wall can fall silently
// (plain eslint skips the boundary rule and exits with 0; so did nx with a cache from elsewhere).
//
// A copy, so that nothing is ever planted in the tree where people and other steps work. Packages of ours are linked
// within the copy; everything else in node_modules is linked to the original.
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, delimiter, dirname, join } from "node:path";
import { plantedFiles, type PlantedFile, untaggedPackage } from "./planted-violations.ts";
import { loadPackages, root } from "./workspace.ts";

interface Finding {
  readonly line: number;
  readonly ruleId: string | null;
}

const reportName = "planted-report.json";
const copy = realpathSync(mkdtempSync(join(tmpdir(), "postrider-planted-")));
process.once("exit", () => {
  rmSync(copy, { recursive: true, force: true });
});
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));

copySources();
linkPackages();
for (const file of plantedFiles) plant(file);
const output = lint([...new Set(plantedFiles.map(({ folder }) => folder))]);
const missed = plantedFiles.flatMap(findMissed);

if (missed.length > 0) console.error(`${output}\n\nPlanted, and not reported by lint:\n${missed.join("\n")}`);
else console.log(`${plantedFiles.flatMap(({ lines }) => lines).length} planted lines, all reported`);
process.exitCode = missed.length === 0 ? 0 : 1;

function copySources(): void {
  const skipped = new Set(["node_modules", "dist", "coverage"]);
  for (const entry of readdirSync(root, { withFileTypes: true })) {
    const isOurs = ["apps", "libs", "tools", "examples"].includes(entry.name) || entry.isFile();
    if (!isOurs) continue;
    cpSync(join(root, entry.name), join(copy, entry.name), {
      recursive: true,
      filter: (source) => !skipped.has(basename(source)),
    });
  }
}

function linkPackages(): void {
  const packages = loadPackages();
  mkdirSync(join(copy, "node_modules", "@postrider"), { recursive: true });
  for (const name of readdirSync(join(root, "node_modules"))) {
    if (name !== "@postrider") symlinkSync(join(root, "node_modules", name), join(copy, "node_modules", name));
  }
  for (const { folder, manifest } of packages) {
    if (manifest.name !== undefined) symlinkSync(join(copy, folder), join(copy, "node_modules", manifest.name));
    const nested = join(root, folder, "node_modules");
    if (existsSync(nested)) symlinkSync(nested, join(copy, folder, "node_modules"));
  }
  const { folder, name, manifest } = untaggedPackage;
  mkdirSync(join(copy, folder), { recursive: true });
  writeFileSync(join(copy, folder, "package.json"), JSON.stringify(manifest));
  writeFileSync(join(copy, folder, "tsconfig.json"), JSON.stringify({ extends: "../../../tsconfig.base.json" }));
  symlinkSync(join(copy, folder), join(copy, "node_modules", name));
}

function plant({ folder, file, lines }: PlantedFile): void {
  const path = join(copy, folder, file);
  if (existsSync(path)) throw new Error(`${folder}/${file} exists in the repository: remove it, it is not code`);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, lines.map(({ source }) => `${source}\n`).join(""));
}

/** Through nx: it makes the project graph that the boundary rule needs. Its exit code is 1 by intention. */
function lint(folders: readonly string[]): string {
  const args = ["run-many", "-t", "lint", `--projects=${folders.join(",")}`, "--skip-nx-cache", "--"];
  const { stdout, stderr, error } = spawnSync("nx", [...args, "--format=json", `--output-file=${reportName}`], {
    cwd: copy,
    encoding: "utf8",
    env: { ...process.env, PATH: [join(root, "node_modules", ".bin"), process.env["PATH"]].join(delimiter) },
    shell: process.platform === "win32",
    timeout: 5 * 60_000,
  });
  return [stdout, stderr, error?.message ?? ""].join("\n");
}

function findMissed({ folder, file, lines }: PlantedFile): readonly string[] {
  const findings = loadFindings(folder, file);
  return lines.flatMap(({ source, rules }, index) =>
    rules
      .filter((rule) => !findings.some(({ line, ruleId }) => line === index + 1 && ruleId === rule))
      .map((rule) => `${folder}/${file}:${index + 1} ${rule}: ${source}`),
  );
}

function loadFindings(folder: string, file: string): readonly Finding[] {
  const path = join(copy, folder, reportName);
  if (!existsSync(path)) return [];
  const report = JSON.parse(readFileSync(path, "utf8")) as readonly {
    readonly filePath: string;
    readonly messages: readonly Finding[];
  }[];
  return report.filter(({ filePath }) => filePath === join(copy, folder, file)).flatMap(({ messages }) => messages);
}
