// Whether the platform's memory stays as it is.
//
// What is looked at is the heap right after a full collection, which the platform is asked for (SIGUSR2, see run-fuzz):
// without one, the heap says when V8 last collected, and the resident set what the allocator keeps. The first third of a
// run is warm-up: caches fill up to their bounds, code is compiled. The most of the last third may then be above the most
// of the second by a tenth and a few megabytes: a leak of 100 bytes a request is 6 MB over a third of 200,000.
import { setTimeout as sleep } from "node:timers/promises";

export interface MemorySample {
  readonly heapMb: number;
  readonly residentMb: number;
}

export interface Watched {
  readonly pid: number;
  readonly adminAddress: string;
}

/** Of a heap of 60 MB, over what two samples of an idle platform differ by. */
const ALLOWED_GROWTH = 0.1;
const ALLOWED_MB = 4;
/** Long enough for a full collection; if it is not, the sample is larger, and never smaller. */
const COLLECTION_MS = 300;

/** Has the platform collect its garbage, then reads its metrics. */
export async function sampleMemory({ pid, adminAddress }: Watched): Promise<MemorySample> {
  process.kill(pid, "SIGUSR2");
  await sleep(COLLECTION_MS);
  const text = await (await fetch(`http://${adminAddress}/metrics`)).text();
  return {
    heapMb: readMetric(text, "nodejs_heap_size_used_bytes") / 1e6,
    residentMb: readMetric(text, "process_resident_memory_bytes") / 1e6,
  };
}

function readMetric(text: string, name: string): number {
  const value = Number(new RegExp(`^${name} (\\S+)$`, "m").exec(text)?.[1]);
  if (Number.isNaN(value)) throw new Error(`/metrics has no ${name}`);
  return value;
}

/** What is wrong with it, if it grew; samples are taken at equal distances. */
export function judgeMemory(samples: readonly MemorySample[]): string | undefined {
  const third = Math.floor(samples.length / 3);
  if (third === 0) return undefined;
  const most = (of: readonly MemorySample[]): number => Math.max(...of.map(({ heapMb }) => heapMb));
  const before = most(samples.slice(third, -third));
  const after = most(samples.slice(-third));
  if (after <= before * (1 + ALLOWED_GROWTH) + ALLOWED_MB) return undefined;
  return `the heap grew from ${before.toFixed(1)} MB in the second third to ${after.toFixed(1)} MB in the last`;
}
