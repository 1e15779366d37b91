// tsconfig.json files follow package.json files: a package references exactly the workspace packages that it depends on,
// so that `tsc -b` builds in the right order and sees nothing else. Writes them; with --check only says which differ.
import { existsSync, writeFileSync } from "node:fs";
import { join, posix } from "node:path";
import { isDeepStrictEqual, parseArgs } from "node:util";
import { format } from "prettier";
import { loadJson, loadPackages, root, type WorkspacePackage } from "./workspace.ts";

const { values } = parseArgs({ options: { check: { type: "boolean", default: false } } });
const packages = loadPackages();
const folderOf = new Map(packages.map(({ folder, manifest }) => [manifest.name, folder]));

const wanted = new Map<string, object>([
  ["tsconfig.json", { files: [], references: packages.map(({ folder }) => ({ path: folder })) }],
  ...packages.map(
    (workspacePackage) => [`${workspacePackage.folder}/tsconfig.json`, configOf(workspacePackage)] as const,
  ),
]);
const stale = [...wanted].filter(
  ([file, config]) => !existsSync(join(root, file)) || !isDeepStrictEqual(loadJson(file), config),
);

for (const [file, config] of stale) {
  if (values.check) console.error(`${file} does not follow from package.json; it should be ${JSON.stringify(config)}`);
  else
    writeFileSync(join(root, file), await format(JSON.stringify(config, null, 2), { parser: "json", printWidth: 120 }));
}
if (!values.check) console.log(`${stale.length} of ${wanted.size} tsconfig.json files written`);
process.exitCode = values.check && stale.length > 0 ? 1 : 0;

function configOf({ folder, manifest }: WorkspacePackage): object {
  const references = Object.keys({ ...manifest.dependencies, ...manifest.devDependencies })
    .map((name) => folderOf.get(name))
    .filter((target) => target !== undefined)
    .map((target) => ({ path: posix.relative(folder, target) }));
  // These two keep their sources beside their package.json, not in src.
  const isFlat = folder === "tools" || folder === "examples";
  const inner = packages
    .filter((other) => other.folder.startsWith(`${folder}/`))
    .map((other) => posix.relative(folder, other.folder));
  return {
    extends: `${posix.relative(folder, ".")}/tsconfig.base.json`,
    ...(isFlat
      ? { compilerOptions: { rootDir: "${configDir}" }, include: ["**/*.ts"], exclude: ["dist", ...inner] }
      : {}),
    ...(references.length > 0 ? { references } : {}),
  };
}
