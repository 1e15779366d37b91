// Must hold: nothing accepted is lost, whoever is killed. The short form of `npm run chaos`: everyone dies once.
import { findStack } from "@postrider/testing";
import { describe, expect, test } from "vitest";
import { describeResult } from "./kills/report.ts";
import { runChaos } from "./kills/run-chaos.ts";
import { KILL_KINDS } from "./kills/victims.ts";

/** Whether there are Kafka and PostgreSQL at all: the ones that are killed are started for this run alone. */
const stack = findStack();
const SEED = 4;
/** Less than the long form's, since the other tests' servers share the machine. */
const PER_SECOND = 150;
/** A minute and a half, if nothing is wrong; what is lost is waited for before it is told. */
const TIMEOUT_MS = 400_000;

describe.skipIf(stack === undefined)(
  "with three Kafka nodes and two dispatchers under load",
  { timeout: TIMEOUT_MS },
  () => {
    test("each part is killed once and comes back: nothing is lost, little is repeated, all resumes by itself", async () => {
      const result = await runChaos({
        ...{ killingMs: undefined, seed: SEED, rate: PER_SECOND, nodes: 3, dispatchers: 2, kinds: KILL_KINDS },
        say: console.log,
      });
      console.log(describeResult(result).join("\n"));
      expect(result.violations).toEqual([]);
      expect(result.kills.map(({ kind }) => kind).sort()).toEqual([...KILL_KINDS].sort());
      // It was no idle run: there was something to lose at every kill.
      expect(result.accepted).toBeGreaterThan(PER_SECOND * KILL_KINDS.length);
      expect(result.received).toBe(result.promised);
    });
  },
);
