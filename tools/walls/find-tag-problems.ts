// What a package's folder demands of its package.json. Lint can only guard what is tagged, named and closed like this.
import { isDeepStrictEqual } from "node:util";
import type { Manifest, WorkspacePackage } from "./workspace.ts";

interface Demand {
  readonly name: string;
  readonly tags: readonly [type: string, scope: string];
}

/** Each line names the package.json, what stands there and what should. Empty when all is true. */
export function findTagProblems(packages: readonly WorkspacePackage[], sources: readonly string[]): readonly string[] {
  const names = new Set(packages.map(({ manifest }) => manifest.name));
  const folders = packages.map(({ folder }) => `${folder}/`);
  const homeless = sources.filter((file) => !folders.some((folder) => file.startsWith(folder)));
  return [
    ...packages.flatMap(({ folder, manifest }) => {
      const ofOurs = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies }).filter(([name]) =>
        names.has(name),
      );
      return [
        ...identityProblems(folder, manifest),
        ...exportProblems(manifest),
        ...targetProblems(manifest),
        ...ofOurs
          .filter(([, version]) => version !== "0.0.0")
          .map(([name, version]) => `dependency ${name} is "${version}", not "0.0.0"`),
      ].map((problem) => `${folder}/package.json: ${problem}`);
    }),
    ...homeless.map((file) => `${file}: belongs to no package, so no wall guards it`),
  ];
}

function identityProblems(folder: string, manifest: Manifest): string[] {
  const demand = demandOf(folder);
  if (demand === undefined) return ["no rule for this folder: see tools/walls/find-tag-problems.ts"];
  const tags = manifest.nx?.tags ?? [];
  return [
    ...differs("name", manifest.name, demand.name),
    ...(isDeepStrictEqual(tags, demand.tags) ? [] : differs("nx.tags", tags.join(", "), demand.tags.join(", "))),
    ...differs("private", manifest.private, true),
    ...differs("type", manifest.type, "module"),
  ];
}

/** Folder patterns, and what a folder of that pattern is; the first that fits holds. */
const demands: readonly (readonly [pattern: RegExp, demand: (part: string) => Demand])[] = [
  // Only this one may import other apps.
  [/^apps\/(standalone)$/, (app) => ({ name: `@postrider/${app}`, tags: ["type:composite", `scope:${app}`] })],
  [/^apps\/([^/]+)$/, (app) => ({ name: `@postrider/${app}`, tags: ["type:app", `scope:${app}`] })],
  [/^libs\/domain\/([^/]+)$/, (lib) => ({ name: `@postrider/domain-${lib}`, tags: ["type:domain", "scope:shared"] })],
  [/^libs\/kit\/([^/]+)$/, (lib) => ({ name: `@postrider/kit-${lib}`, tags: ["type:kit", "scope:shared"] })],
  [/^libs\/(records|testing)$/, (lib) => ({ name: `@postrider/${lib}`, tags: [`type:${lib}`, "scope:shared"] })],
  [/^libs\/(contracts)$/, (lib) => ({ name: `@postrider/${lib}`, tags: ["type:contract", "scope:shared"] })],
  // Of the tools, only this one runs an app, and reads what stands in the log.
  [/^tools\/(simulation)$/, (tool) => ({ name: `@postrider/${tool}`, tags: [`type:${tool}`, `scope:${tool}`] })],
  [/^(tool|example)s$/, (kind) => ({ name: `@postrider/${kind}s`, tags: [`type:${kind}`, "scope:shared"] })],
];

function demandOf(folder: string): Demand | undefined {
  for (const [pattern, demand] of demands) {
    const part = pattern.exec(folder)?.[1];
    if (part !== undefined) return demand(part);
  }
  return undefined;
}

/** `exports` closes a package: what it does not list can't be imported, not even by path. */
function exportProblems({ exports, name }: Manifest): string[] {
  if (exports === undefined || typeof exports === "string")
    return ['exports must be an object such as {".": "./src/index.ts"}'];
  // Generated files have no index; each is a door of its own.
  if (name === "@postrider/contracts") return [];
  // "./package.json" alone is for what nobody imports: an empty `exports` would not be seen as closed by every tool.
  const allowed: Readonly<Record<string, string>> = {
    ".": "./src/index.ts",
    "./testing": "./src/testing/index.ts",
    "./package.json": "./package.json",
  };
  return Object.entries(exports)
    .filter(([door, file]) => allowed[door] !== file)
    .map(([door, file]) => `exports "${door}": "${file}" is not one of ${JSON.stringify(allowed)}`);
}

/** A package without the target is skipped by nx without a word. */
function targetProblems({ nx, name }: Manifest): string[] {
  const wanted = name === "@postrider/contracts" ? ["typecheck"] : ["lint", "typecheck"];
  return wanted
    .filter((target) => nx?.targets?.[target] === undefined)
    .map((target) => `nx.targets lacks "${target}": {}, so nx would skip this package`);
}

function differs(field: string, found: unknown, wanted: unknown): string[] {
  return found === wanted
    ? []
    : [`${field} is ${JSON.stringify(found)}, but this folder demands ${JSON.stringify(wanted)}`];
}
