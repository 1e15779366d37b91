// `npm run bench -- --profile`: where one service of the platform spends its time while the platform is saturated.
import { mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CpuProfile, findHotSpots, type TimeSpan } from "./cpu-profile.ts";
import type { MoreFlags } from "./platform.ts";
import type { Profiled } from "./settings.ts";

const shownFunctions = 25;
const shownPackages = 15;

export interface ProfiledRun {
  readonly flags: MoreFlags;
  /** The hottest functions and packages of each of its threads. Call it when the service has ended. */
  readonly describe: (span: TimeSpan) => string;
}

/** The files stay, for a browser's developer tools. */
export function createProfiledRun(service: Profiled): ProfiledRun {
  const folder = mkdtempSync(join(tmpdir(), "postrider-profile-"));
  return {
    flags: { [service]: ["--cpu-prof", `--cpu-prof-dir=${folder}`] },
    describe: (span) => {
      // One of each thread that was not ended from outside. Names begin with date, time and process: the main thread, which began first, comes first.
      const files = readdirSync(folder).sort();
      if (files.length === 0) throw new Error(`${service} has written no profile into ${folder}: was it killed?`);
      return files.map((file) => describeThread(join(folder, file), span)).join("\n\n");
    },
  };
}

function describeThread(file: string, span: TimeSpan): string {
  const { busyShare, functions, packages } = findHotSpots(JSON.parse(readFileSync(file, "utf8")) as CpuProfile, span);
  return [
    `${file}: busy for ${percent(busyShare)} of the time; shares of that:`,
    "",
    "own     with what Node did for it",
    ...packages
      .slice(0, shownPackages)
      .map(({ name, ownShare, withNodeShare }) => `${percent(ownShare)}  ${percent(withNodeShare)}  ${name}`),
    "",
    "own",
    ...functions.slice(0, shownFunctions).map(({ name, ownShare }) => `${percent(ownShare)}  ${name}`),
  ].join("\n");
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1).padStart(4)} %`;
}

/** Now, on the system's monotonic clock. */
export function monotonicUs(): number {
  return Number(process.hrtime.bigint() / 1000n);
}
