// What processes cost: CPU time and resident memory, read from outside, so that measuring changes nothing inside them.
// A process counts with its children, as PostgreSQL needs it. From /proc: elsewhere than on Linux these figures are left out.
import { readFileSync } from "node:fs";

/** Linux reports CPU time in ticks of 1/100 s on every platform that Node runs on (USER_HZ). */
const tickUs = 10_000;

/** The processes of a run by their names in the report. */
export type Processes = Readonly<Record<string, number>>;

/**
 * CPU time of all threads since the process began, microseconds, with that of its children, those that have ended too;
 * undefined where there is no /proc.
 */
export function readCpuUs(pid: number): number | undefined {
  const own = readTicks(pid);
  if (own === undefined) return undefined;
  const children = findChildren(pid).map((child) => readTicks(child)?.spent ?? 0);
  return (own.spent + own.spentByEndedChildren + sum(children)) * tickUs;
}

interface Ticks {
  readonly spent: number;
  readonly spentByEndedChildren: number;
}

function readTicks(pid: number): Ticks | undefined {
  const stat = readProc(pid, "stat");
  if (stat === undefined) return undefined;
  // The name (field 2) may contain blanks and brackets: count from behind the last bracket, where field 3 begins.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [user, system, childrenUser, childrenSystem] = fields.slice(11, 15).map(Number);
  return {
    spent: (user ?? 0) + (system ?? 0),
    spentByEndedChildren: (childrenUser ?? 0) + (childrenSystem ?? 0),
  };
}

/** Only of the first thread: all servers here fork from that one. */
function findChildren(pid: number): readonly number[] {
  return (readProc(pid, `task/${pid}/children`) ?? "").split(" ").filter(Boolean).map(Number);
}

/**
 * Resident memory, bytes: what is its own, and its children's own, and once the most that one of them shares. Each of
 * PostgreSQL's counts the shared buffers as resident.
 */
function readRssBytes(pid: number): number | undefined {
  const family = [pid, ...findChildren(pid)].map((each) => readProc(each, "status"));
  if (family[0] === undefined) return undefined;
  const kibibytes = (name: string): number[] =>
    family.map((status) => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(status ?? "")?.[1] ?? 0));
  const shared = Math.max(...kibibytes("RssShmem")) + Math.max(...kibibytes("RssFile"));
  return (sum(kibibytes("RssAnon")) + shared) * 1024;
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

/** Often enough for a peak, seldom enough to cost nothing beside what is measured. */
const sampleMs = 200;

/** Samples the memory of each process until `end` is called; those that can't be read are left out. */
export function watchMemory(processes: Processes): { readonly end: () => Readonly<Record<string, MemorySeries>> } {
  const watched = Object.entries(processes).flatMap(([name, pid]) => {
    const startBytes = readRssBytes(pid);
    return startBytes === undefined ? [] : [{ name, pid, startBytes, maxBytes: startBytes, endBytes: startBytes }];
  });
  const sample = (): void => {
    for (const each of watched) {
      each.endBytes = readRssBytes(each.pid) ?? 0;
      each.maxBytes = Math.max(each.maxBytes, each.endBytes);
    }
  };
  // A run that fails never ends its series: the timer must not keep it alive.
  const timer = setInterval(sample, sampleMs).unref();
  return {
    end: () => {
      clearInterval(timer);
      sample();
      return Object.fromEntries(
        watched.map(({ name, startBytes, maxBytes, endBytes }) => [name, { startBytes, maxBytes, endBytes }]),
      );
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

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
