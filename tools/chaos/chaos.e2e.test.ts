// Must hold (short form; the long one is `npm run chaos`): whoever is killed, nothing that was accepted is lost.
import { findStack } from "@postrider/testing";
import { expect, test } from "vitest";
import { describeResult } from "./kills/report.ts";
import { runChaos } from "./kills/run-chaos.ts";
import { KILL_KINDS } from "./kills/victims.ts";

// It starts servers of its own, since it kills them; where there is no stack, they can't be started either.
test.skipIf(findStack() === undefined)(
  "nothing accepted is lost, whoever is killed, and delivery resumes by itself",
  async () => {
    const seed = Math.floor(Math.random() * 1e6);
    const lines: string[] = [];
    const result = await runChaos({
      ...{ killingMs: undefined, seed, rate: 300, nodes: 3, dispatchers: 2, kinds: KILL_KINDS },
      say: (line) => lines.push(line),
    });
    console.log([...lines, ...describeResult(result)].join("\n"));
    expect(result.violations).toEqual([]);
    expect(new Set(result.kills.map(({ kind }) => kind))).toEqual(new Set(KILL_KINDS));
    expect(result.accepted).toBeGreaterThan(3000);
  },
);
