import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, test } from "vitest";
import { root } from "../walls/workspace.ts";
import { type CpuProfile, findHotSpots } from "./cpu-profile.ts";

const everything = { fromUs: 0, toUs: Infinity };

function frame(functionName: string, path?: string): CpuProfile["nodes"][number]["callFrame"] {
  const url = path === undefined || path.startsWith("node:") ? (path ?? "") : pathToFileURL(join(root, path)).href;
  return { functionName, url, lineNumber: 6 };
}

/** deliver calls undici, which calls Node, which calls a native function; beside them idle and garbage collection. */
const profile: CpuProfile = {
  startTime: 1_000,
  nodes: [
    { id: 1, callFrame: frame("(root)"), children: [2, 3, 4] },
    { id: 2, callFrame: frame("(idle)") },
    { id: 3, callFrame: frame("(garbage collector)") },
    { id: 4, callFrame: frame("deliver", "apps/dispatcher/src/deliver.ts"), children: [5] },
    { id: 5, callFrame: frame("", "node_modules/undici/lib/core/request.js"), children: [6] },
    { id: 6, callFrame: frame("write", "node:net"), children: [7] },
    { id: 7, callFrame: frame("writev") },
  ],
  samples: [2, 4, 5, 6, 7, 3],
  timeDeltas: [200, 10, 20, 30, 20, 20],
};

describe("the hot spots of a profile", () => {
  test("functions by their own time, with the place of each, and without the time in which nothing ran", () => {
    const { busyShare, functions } = findHotSpots(profile, everything);
    expect(busyShare).toBeCloseTo(1 / 3);
    expect(functions).toEqual([
      { name: "write  node:net:7", ownShare: 0.3 },
      { name: "(anonymous)  node_modules/undici/lib/core/request.js:7", ownShare: 0.2 },
      { name: "writev", ownShare: 0.2 },
      { name: "(garbage collector)", ownShare: 0.2 },
      { name: "deliver  apps/dispatcher/src/deliver.ts:7", ownShare: 0.1 },
    ]);
  });

  test("packages with what Node does for them", () => {
    expect(findHotSpots(profile, everything).packages).toEqual([
      { name: "undici", ownShare: 0.2, withNodeShare: 0.7 },
      { name: "(garbage collector)", ownShare: 0.2, withNodeShare: 0.2 },
      { name: "apps/dispatcher", ownShare: 0.1, withNodeShare: 0.1 },
    ]);
  });

  test("only of the span that is asked for", () => {
    expect(findHotSpots(profile, { fromUs: 1_205, toUs: 1_230 }).functions.map(({ name }) => name)).toEqual([
      "(anonymous)  node_modules/undici/lib/core/request.js:7",
      "deliver  apps/dispatcher/src/deliver.ts:7",
    ]);
    expect(findHotSpots(profile, { fromUs: 9_000, toUs: 9_001 })).toEqual({
      busyShare: 0,
      functions: [],
      packages: [],
    });
  });
});
