// `npm install` drops a platform package silently when the registry lacks it at that version, and `npm ci` on the next
// machine then refuses the lock file. This finds such holes where they are made. Exits with 1 and the list of them.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./workspace.ts";

interface LockedPackage {
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const lock = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as {
  readonly packages: Readonly<Record<string, LockedPackage>>;
};
const locked = new Set(Object.keys(lock.packages).map((path) => path.slice(path.lastIndexOf("node_modules/") + 13)));
const holes = Object.entries(lock.packages).flatMap(([path, { optionalDependencies = {} }]) =>
  Object.keys(optionalDependencies).flatMap((name) => (locked.has(name) ? [] : [`${path} needs ${name}, not locked`])),
);
for (const hole of holes) console.error(hole);
if (holes.length === 0) console.log(`${locked.size} packages are locked with all of their platform packages`);
process.exitCode = holes.length === 0 ? 0 : 1;
