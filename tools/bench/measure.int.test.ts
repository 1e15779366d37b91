import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";
import { readCpuUs, watchMemory } from "./measure.ts";

/** Burns 300 ms of CPU, however long that takes, tells so, and waits for the end of its input. */
const burn = "while (process.cpuUsage().user < 300_000);";
const burnAndStay = `${burn} process.stdout.write("burnt"); process.stdin.resume();`;
const parent = (child: string): string =>
  `const { spawn, spawnSync } = require("node:child_process"); ${child}; process.stdin.resume();`;

test.skipIf(process.platform !== "linux").each([
  {
    what: "a living child",
    script: parent(`spawn(process.execPath, ["-e", ${JSON.stringify(burnAndStay)}], { stdio: "inherit" })`),
  },
  {
    what: "a child that has ended",
    script: parent(`spawnSync(process.execPath, ["-e", ${JSON.stringify(burn)}]); process.stdout.write("burnt")`),
  },
])("a process counts with $what", async ({ script }) => {
  const process_ = spawn(process.execPath, ["-e", script], { stdio: ["pipe", "pipe", "inherit"] });
  await once(process_.stdout, "data");
  const { pid = 0 } = process_;
  expect(readCpuUs(pid)).toBeGreaterThan(200_000);
  const memory = watchMemory({ burner: pid }).end()["burner"];
  expect(memory?.startBytes).toBeGreaterThan(20e6);
  expect(memory?.maxBytes).toBeGreaterThanOrEqual(memory?.startBytes ?? Infinity);
  process_.stdin.end();
  await once(process_, "exit");
  expect(readCpuUs(pid)).toBeUndefined();
  expect(watchMemory({ burner: pid }).end()).toEqual({});
});
