import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createInterface } from "node:readline";
import { findStack } from "@postrider/testing";
import { describe, expect, test, vi } from "vitest";
import { findFolder } from "./testing/observe.ts";

/** Starts both, tells their ids, and would stay. */
const parentProgram = `
import { startKafka } from "${new URL("start-kafka.ts", import.meta.url).href}";
import { startPostgres } from "${new URL("start-postgres.ts", import.meta.url).href}";
const [kafka, postgres] = await Promise.all([startKafka({ nodes: 1 }), startPostgres()]);
console.log(JSON.stringify([kafka.nodes[0].pid, postgres.pid]));
setInterval(() => undefined, 60_000);
`;

describe.skipIf(findStack() === undefined)("servers", () => {
  test("end, and leave nothing, when the process that started them is killed with -9", async () => {
    const parent = spawn(process.execPath, ["--input-type=module", "-e", parentProgram], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [line] = (await once(createInterface(parent.stdout), "line")) as [string];
    const pids = JSON.parse(line) as number[];
    const folders = await Promise.all(pids.map(findFolder));
    expect(pids.map(isAlive)).toEqual([true, true]);
    expect(folders.map((folder) => existsSync(folder))).toEqual([true, true]);

    parent.kill("SIGKILL");

    await vi.waitFor(
      () => {
        expect(pids.map(isAlive)).toEqual([false, false]);
        expect(folders.map((folder) => existsSync(folder))).toEqual([false, false]);
      },
      { timeout: 15_000, interval: 20 },
    );
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    // ESRCH: nobody has that id.
    return false;
  }
}
