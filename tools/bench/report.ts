// The result of a run as a record for programs.
import { cpus, release, totalmem, type } from "node:os";
import { median } from "./measure.ts";
import type { Measured } from "./measured.ts";
import { findShare, judgeReaches, type Reach } from "./reaches.ts";
import type { Settings } from "./settings.ts";

export interface Result extends Measured {
  /** Of this record's shape. */
  readonly version: 2;
  readonly date: string;
  readonly command: string;
  readonly machine: Readonly<Record<"cpu" | "node" | "os", string> & Record<"cores" | "memoryBytes", number>>;
  readonly settings: Settings;
  readonly bareLoopPerSecond: number;
  /** The difference between the fastest and the slowest of them, by the median: what this machine's noise was. */
  readonly bareLoopSpread: number;
  /** Sustained deliveries a second by those of the bare loop. */
  readonly ratio?: number;
  readonly reaches: readonly Reach[];
}

export function createResult(measured: Measured, settings: Settings): Result {
  const bareRates = measured.bareLoop.map(({ perSecond }) => perSecond);
  const bareLoopPerSecond = median(bareRates);
  const ratio = findShare(measured);
  return {
    version: 2,
    date: new Date().toISOString(),
    command: ["npm run bench --", ...process.argv.slice(2)].join(" "),
    machine: {
      cpu: cpus()[0]?.model ?? "unknown",
      cores: cpus().length,
      memoryBytes: totalmem(),
      node: process.version,
      os: `${type()} ${release()}`,
    },
    settings,
    bareLoopPerSecond,
    bareLoopSpread: (Math.max(...bareRates) - Math.min(...bareRates)) / bareLoopPerSecond,
    ...(ratio === undefined ? {} : { ratio }),
    ...measured,
    reaches: judgeReaches(measured, settings.on),
  };
}
