// The figures that the project wants to reach, and whether a run does.
import { median } from "./measure.ts";
import type { Measured } from "./measured.ts";
import { dispatcherCpuUs } from "./scaling.ts";
import type { On } from "./settings.ts";

export interface Reach {
  readonly name: string;
  readonly value: number;
  readonly bound: string;
  readonly met: boolean;
}

const p50Rate = 200;

/**
 * The share of the bare loop is what durability may cost of its speed. On Kafka that pays for seven processes on the same
 * cores, so that what a dispatcher costs counts beside it. Milliseconds and megabytes are promises of the README.
 */
export function judgeReaches(measured: Measured, on: On): readonly Reach[] {
  const share = findShare(measured);
  const p50Ms = measured.paced.find(({ perSecond }) => perSecond === p50Rate)?.delay.p50Ms;
  if (on === "kafka") {
    return [
      ...atMost(
        "the dispatcher's CPU per delivery, by the bare loop's (the goal is 1.35)",
        findCpuRatio(measured),
        1.6,
      ),
      ...atLeast("share of the bare loop", share, 0.3),
      ...below(`p50 at ${p50Rate}/s, ms`, p50Ms, 15),
      ...atMost("CPU with 10,000 subscriptions, by that with 10", measured.subscriptions?.cpuRatio, 1.2),
    ];
  }
  const memory = measured.memory?.processes["platform"];
  return [
    ...below("ready after, ms", measured.readyMs?.["platform"], 2000),
    ...atLeast("share of the bare loop", share, 0.4),
    ...below(`p50 at ${p50Rate}/s, ms`, p50Ms, 10),
    ...below("most memory, MB", memory && memory.maxBytes / 1e6, 250),
  ];
}

/** Sustained deliveries a second by those of the bare loop. */
export function findShare({ bareLoop, sustained }: Measured): number | undefined {
  return sustained && sustained.perSecond / median(bareLoop.map(({ perSecond }) => perSecond));
}

function findCpuRatio({ bareLoop, sustained }: Measured): number | undefined {
  if (sustained === undefined) return undefined;
  const ratio = dispatcherCpuUs(sustained) / median(bareLoop.map((run) => run.cpuUsPerDelivery["bare loop"] ?? NaN));
  return Number.isFinite(ratio) ? ratio : undefined;
}

function atLeast(name: string, value: number | undefined, bound: number): Reach[] {
  return value === undefined ? [] : [{ name, value, bound: `>= ${bound}`, met: value >= bound }];
}

function atMost(name: string, value: number | undefined, bound: number): Reach[] {
  return value === undefined ? [] : [{ name, value, bound: `<= ${bound}`, met: value <= bound }];
}

function below(name: string, value: number | undefined, bound: number): Reach[] {
  return value === undefined ? [] : [{ name, value, bound: `< ${bound}`, met: value < bound }];
}
