// Makes libs/contracts/src from proto/: typed messages and clients (ts-proto), and the descriptors that gRPC reflection
// serves (buf build). With --check it generates beside, compares, and says which files differ: generated code is never
// edited, and never older than its source.
import { spawnSync } from "node:child_process";
import { globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { parseArgs } from "node:util";
import { root } from "./walls/workspace.ts";

const target = "libs/contracts/src";
const descriptors = `${target}/descriptors.binpb`;

const { values } = parseArgs({ options: { check: { type: "boolean", default: false } } });
if (values.check) check();
else {
  buf("lint");
  generate(root);
  console.log(`${target} generated`);
}

function check(): void {
  const folder = mkdtempSync(join(tmpdir(), "postrider-generated-"));
  try {
    generate(folder);
    const stale = findDifferences(join(folder, target), join(root, target));
    for (const line of stale) console.error(line);
    process.exitCode = stale.length === 0 ? 0 : 1;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function generate(folder: string): void {
  // `clean: true` in buf.gen.yaml empties the target first, so the descriptors come last.
  buf("generate", "--output", folder);
  buf("build", "--output", join(folder, descriptors));
}

function findDifferences(wanted: string, found: string): readonly string[] {
  const files = [...new Set([...filesIn(wanted), ...filesIn(found)])].sort();
  return files.flatMap((file) => {
    const [fresh, present] = [wanted, found].map((folder) => readIfThere(join(folder, file)));
    if (present === undefined) return [`${target}/${file} is missing`];
    if (fresh === undefined) return [`${target}/${file} comes from no proto file`];
    return fresh.equals(present) ? [] : [`${target}/${file} differs from what proto/ gives`];
  });
}

function filesIn(folder: string): readonly string[] {
  return globSync("**/*.*", { cwd: folder });
}

function readIfThere(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

function buf(...args: readonly string[]): void {
  const { status, error } = spawnSync("buf", args, {
    cwd: root,
    stdio: ["ignore", "inherit", "inherit"],
    env: { ...process.env, PATH: [join(root, "node_modules", ".bin"), process.env["PATH"]].join(delimiter) },
    shell: process.platform === "win32",
    timeout: 2 * 60_000,
  });
  if (status !== 0) throw new Error(`buf ${args.join(" ")} failed`, { cause: error });
}
