// The violations that tools/walls/planted.ts plants: one line for each thing that the walls forbid.

export interface PlantedFile {
  /** The package, from the root. */
  readonly folder: string;
  readonly file: string;
  readonly lines: readonly PlantedLine[];
}

interface PlantedLine {
  readonly source: string;
  /** Each of these must report this line. None: the line only makes the file sound. */
  readonly rules: readonly string[];
}

const boundaries = "@nx/enforce-module-boundaries";

/** A package that somebody forgot to tag. It must be shut off in both directions. */
export const untaggedPackage = {
  folder: "libs/kit/planted",
  name: "@postrider/kit-planted",
  manifest: {
    name: "@postrider/kit-planted",
    version: "0.0.0",
    private: true,
    type: "module",
    exports: { ".": "./src/index.ts" },
    dependencies: { "@postrider/kit-lifecycle": "0.0.0" },
    nx: { tags: [], targets: { lint: {} } },
  },
};

export const plantedFiles: readonly PlantedFile[] = [
  {
    folder: "libs/domain/event",
    file: "src/planted-violation.ts",
    lines: [
      { source: 'import { readFileSync } from "node:fs";', rules: ["no-restricted-imports"] },
      { source: 'import { request } from "undici";', rules: [boundaries] },
      { source: 'import { SqliteError } from "@postrider/kit-sqlite";', rules: [boundaries] },
      { source: "export const now = Date.now();", rules: ["no-restricted-syntax"] },
      { source: "export const today = new Date();", rules: ["no-restricted-syntax"] },
      { source: "export const chance = Math.random();", rules: ["no-restricted-syntax"] },
      { source: "export const used: unknown = [readFileSync, request, SqliteError];", rules: [] },
    ],
  },
  {
    folder: "apps/ingest",
    file: "src/planted-violation.ts",
    lines: [
      { source: 'import { createDispatcher } from "@postrider/dispatcher";', rules: [boundaries] },
      { source: 'import * as doubles from "@postrider/testing";', rules: [boundaries, "no-restricted-imports"] },
      { source: 'import { request } from "node:http";', rules: ["no-restricted-imports"] },
      { source: 'import { Pool } from "undici";', rules: ["no-restricted-imports"] },
      { source: "export const home = process.env;", rules: ["no-restricted-properties"] },
      { source: "export const used: unknown = [createDispatcher, doubles, request, Pool];", rules: [] },
    ],
  },
  {
    folder: "libs/kit/sqlite",
    file: "src/planted-violation.ts",
    lines: [
      // event-log depends on sqlite: kits must not go in circles.
      { source: 'import { LogError } from "@postrider/kit-event-log";', rules: [boundaries] },
      { source: 'import * as event from "@postrider/domain-event";', rules: [boundaries] },
      { source: 'import * as planted from "@postrider/kit-planted";', rules: [boundaries] },
      { source: "export const used: unknown = [LogError, event, planted];", rules: [] },
    ],
  },
  {
    folder: untaggedPackage.folder,
    file: "src/index.ts",
    lines: [{ source: 'export { systemClock } from "@postrider/kit-lifecycle";', rules: [boundaries] }],
  },
  {
    folder: "examples",
    file: "planted-violation.ts",
    lines: [{ source: 'export { systemClock } from "@postrider/kit-lifecycle";', rules: [boundaries] }],
  },
];
