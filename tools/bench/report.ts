// The result of a run: as a record for programs, as a table for people, and held against what the project wants to reach.
import { cpus, release, totalmem, type } from "node:os";
import { median, type MemorySeries } from "./measure.ts";
import type { Paced, Sustained, Throughput } from "./phases.ts";
import type { Settings } from "./settings.ts";

export interface Result {
  /** Of this record's shape. */
  readonly version: 1;
  readonly date: string;
  readonly command: string;
  readonly machine: Readonly<Record<"cpu" | "node" | "os", string> & Record<"cores" | "memoryBytes", number>>;
  readonly settings: Settings;
  /** Before and after the platform. */
  readonly bareLoop: readonly Throughput[];
  readonly bareLoopPerSecond: number;
  /** The difference between the fastest and the slowest of them, by the median: what this machine's noise was. */
  readonly bareLoopSpread: number;
  /** From the start of the platform's process until it was ready. */
  readonly readyMs?: number;
  readonly sustained?: Sustained;
  /** Sustained deliveries a second by those of the bare loop. */
  readonly ratio?: number;
  readonly paced: readonly Paced[];
  readonly memory?: MemorySeries & { readonly events: number };
  readonly reaches: readonly Reach[];
}

/** A figure that the project wants to reach, and whether it does. */
interface Reach {
  readonly name: string;
  readonly value: number;
  readonly bound: string;
  readonly met: boolean;
}

/** The ratio is the share of an own loop's speed that durability may cost; the others are promises of the README. */
const minRatio = 0.4;
const maxP50Ms = 10;
const maxRssMb = 250;
const maxReadyMs = 2000;
const p50Rate = 200;

export type Measured = Pick<Result, "bareLoop" | "paced"> & {
  readonly readyMs?: number;
  readonly sustained?: Sustained;
  readonly memory?: NonNullable<Result["memory"]>;
};

export function createResult(measured: Measured, settings: Settings): Result {
  const bareRates = measured.bareLoop.map(({ perSecond }) => perSecond);
  const bareLoopPerSecond = median(bareRates);
  const ratio = measured.sustained === undefined ? undefined : measured.sustained.perSecond / bareLoopPerSecond;
  return {
    version: 1,
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
    reaches: judgeReaches(measured, ratio),
  };
}

function judgeReaches({ readyMs, paced, memory }: Measured, ratio: number | undefined): readonly Reach[] {
  const p50Ms = paced.find(({ perSecond }) => perSecond === p50Rate)?.delay.p50Ms;
  const rssMb = memory === undefined ? undefined : memory.maxBytes / 1e6;
  const reach = (name: string, value: number | undefined, bound: Omit<Reach, "name" | "value">): Reach[] =>
    value === undefined ? [] : [{ name, value, ...bound }];
  return [
    ...reach("ready after, ms", readyMs, { bound: `< ${maxReadyMs}`, met: (readyMs ?? Infinity) < maxReadyMs }),
    ...reach("share of the bare loop", ratio, { bound: `>= ${minRatio}`, met: (ratio ?? 0) >= minRatio }),
    ...reach(`p50 at ${p50Rate}/s, ms`, p50Ms, { bound: `< ${maxP50Ms}`, met: (p50Ms ?? Infinity) < maxP50Ms }),
    ...reach("most memory, MB", rssMb, { bound: `< ${maxRssMb}`, met: (rssMb ?? Infinity) < maxRssMb }),
  ];
}

export function formatTable(result: Result): string {
  const { machine } = result;
  return [
    `${machine.cpu}, ${machine.cores} cores, ${gigabytes(machine.memoryBytes)}, ${machine.os}, Node ${machine.node}`,
    "",
    ...throughputRows(result),
    "",
    ...result.paced.map(pacedRow),
    ...memoryRow(result),
    "",
    ...result.reaches.map(
      ({ name, value, bound, met }) => `${met ? "✓" : "✗"} ${name}: ${value.toPrecision(3)} (wanted ${bound})`,
    ),
  ].join("\n");
}

/** Above this difference between the two runs of the bare loop something else used the machine. */
const quietSpread = 0.15;

function throughputRows({ bareLoop, bareLoopPerSecond, bareLoopSpread, sustained, ratio }: Result): readonly string[] {
  const row = (name: string, { perSecond, cpuUsPerDelivery }: Throughput): string => {
    const cpu = Object.entries(cpuUsPerDelivery).map(([process, us]) => `${process} ${us.toFixed(0)}`);
    return `${name.padEnd(24)}${perSecond.toFixed(0).padStart(8)}/s   CPU µs per delivery: ${cpu.join(", ") || "unknown"}`;
  };
  return [
    ...bareLoop.map((loop, index) => row(`bare loop, run ${index + 1}`, loop)),
    `${"bare loop, median".padEnd(24)}${bareLoopPerSecond.toFixed(0).padStart(8)}/s`,
    ...(bareLoopSpread <= quietSpread ? [] : [busyRow(bareLoopSpread)]),
    ...(sustained === undefined ? [] : [row("platform, sustained", sustained), ...saturationRow(sustained)]),
    ...(ratio === undefined ? [] : [`${"share of the bare loop".padEnd(24)}${ratio.toFixed(2).padStart(8)}`]),
  ];
}

function busyRow(spread: number): string {
  return `  ! its runs differ by ${(spread * 100).toFixed(0)} %: the machine was busy, the figures are rough`;
}

/** With under four batches ahead it was publishing, not delivering, that set the pace. */
function saturationRow({ lowestAhead, rejected }: Sustained): readonly string[] {
  const bound = lowestAhead < 400 ? "publishing set the pace" : "delivering set the pace";
  return [`${"".padEnd(24)}${bound}: at least ${lowestAhead} events waited; ${rejected} were rejected`];
}

function pacedRow({ perSecond, delay, acknowledged, ...paced }: Paced): string {
  const percentiles = [delay.p50Ms, delay.p95Ms, delay.p99Ms].map((ms) => ms.toFixed(1)).join(" / ");
  return (
    `publish to receipt at ${perSecond}/s: p50 / p95 / p99 ${percentiles} ms ` +
    `(acknowledged: p50 ${acknowledged.p50Ms.toFixed(1)} ms; publisher late by at most ${paced.publisherMaxLateMs.toFixed(1)} ms; ` +
    `${paced.rejected} rejected, ${paced.received} received of ${paced.accepted})`
  );
}

function memoryRow({ memory }: Result): readonly string[] {
  if (memory === undefined) return [];
  const [start, max, end] = [memory.startBytes, memory.maxBytes, memory.endBytes].map((bytes) =>
    (bytes / 1e6).toFixed(0),
  );
  return [
    `memory of the platform over ${memory.events} events: ${start} MB at first, ${max} MB at most, ${end} MB at last`,
  ];
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}
