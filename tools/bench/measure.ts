// What processes cost: CPU time and resident memory, read from outside, so that measuring changes nothing inside them.
// From /proc: elsewhere than on Linux these figures are left out.
import { readFileSync } from "node:fs";

/** Linux reports CPU time in ticks of 1/100 s on every platform that Node runs on (USER_HZ). */
const tickUs = 10_000;

/** CPU time of all threads since the process began, microseconds; undefined where there is no /proc. */
export function readCpuUs(pid: number): number | undefined {
  const stat = readProc(pid, "stat");
  if (stat === undefined) return undefined;
  // The name (field 2) may contain blanks and brackets: count from behind the last bracket, where field 3 begins.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * tickUs;
}

/** Resident memory, bytes. */
function readRssBytes(pid: number): number | undefined {
  const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(readProc(pid, "status") ?? "")?.[1];
  return kibibytes === undefined ? undefined : Number(kibibytes) * 1024;
}

function readProc(pid: number, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    // No /proc, or the process has ended: its waiting caller learns that otherwise.
    return undefined;
  }
}

export interface MemorySeries {
  readonly startBytes: number;
  readonly maxBytes: number;
  readonly endBytes: number;
}

/** Samples a process's memory until `end` is called. */
export function watchMemory(pid: number): { readonly end: () => MemorySeries | undefined } {
  const startBytes = readRssBytes(pid);
  let maxBytes = startBytes ?? 0;
  const sample = (): number => {
    const bytes = readRssBytes(pid) ?? 0;
    maxBytes = Math.max(maxBytes, bytes);
    return bytes;
  };
  // A run that fails never ends its series: the timer must not keep it alive.
  const timer = setInterval(sample, 100).unref();
  return {
    end: () => {
      clearInterval(timer);
      return startBytes === undefined ? undefined : { startBytes, endBytes: sample(), maxBytes };
    },
  };
}

/** The middle of several measurements (the mean of the middle two). */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [low, high] = sorted.length % 2 === 1 ? [middle, middle] : [middle - 1, middle];
  return ((sorted[low] ?? NaN) + (sorted[high] ?? NaN)) / 2;
}
