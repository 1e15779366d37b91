// The packages of this repository as their package.json files describe them.
import { globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The repository's root folder, without a slash at the end. */
export const root = fileURLToPath(new URL("../..", import.meta.url)).replace(/[/\\]$/, "");

/** The part of a package.json that the walls look at. */
export interface Manifest {
  readonly name?: string;
  readonly private?: boolean;
  readonly type?: string;
  readonly exports?: Readonly<Record<string, string>> | string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly nx?: { readonly tags?: readonly string[]; readonly targets?: Readonly<Record<string, object>> };
}

export interface WorkspacePackage {
  /** From the root, with forward slashes: `libs/kit/rpc`. */
  readonly folder: string;
  readonly manifest: Manifest;
}

/** Every package that npm's `workspaces` names, by folder. */
export function loadPackages(): readonly WorkspacePackage[] {
  const { workspaces } = loadJson("package.json") as { readonly workspaces: readonly string[] };
  return globSync(
    workspaces.map((pattern) => `${pattern}/package.json`),
    { cwd: root },
  )
    .map((file) => file.replaceAll("\\", "/"))
    .sort()
    .map((file) => ({ folder: dirname(file), manifest: loadJson(file) as Manifest }));
}

/** Source files below apps and libs, whether or not a package owns them. */
export function findSources(): readonly string[] {
  const ignored = (name: string): boolean => /(^|[/\\])(node_modules|dist)$/.test(name);
  return globSync("{apps,libs}/**/*.ts", { cwd: root, exclude: ignored }).map((file) => file.replaceAll("\\", "/"));
}

/** A JSON file by its path from the root. */
export function loadJson(file: string): unknown {
  return JSON.parse(readFileSync(join(root, file), "utf8"));
}
