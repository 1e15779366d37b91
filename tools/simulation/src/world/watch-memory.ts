import type { VirtualTime } from "../time/virtual-time.ts";
import type { DispatcherProcess } from "./dispatcher-process.ts";
import type { Fleet } from "./fleet.ts";
import type { Onlooker } from "./onlooker.ts";
import type { Plan } from "./plan.ts";

const SAMPLE_MS = 60_000;
/**
 * Timers of one process at a time: a request out has one, and so has a lookup that waits; the rest are a few for each
 * endpoint and partition. What grows with the backlog would be far beyond.
 */
const MAX_TIMERS = 2_000;
/** What one partition may have unfinished: a window of 2,048 (partition-progress.ts, tier-partition.ts), and the fetch that came last. */
const MAX_UNFINISHED = 2_048 + 500;

export interface MemoryWatchDeps {
  readonly time: VirtualTime;
  readonly plan: Plan;
  readonly fleet: Fleet;
  readonly onlooker: Onlooker;
}

/** Looks at what each process holds, again and again. */
export function watchMemory(deps: MemoryWatchDeps): void {
  const { time, plan, fleet, onlooker } = deps;
  time.after(SAMPLE_MS, () => {
    for (const process of fleet.running) {
      const { timerCount } = process.machine;
      if (timerCount > MAX_TIMERS) note(onlooker, `${timerCount} timers in one process`);
      const unfinished = process.kafka.countUnfinished();
      if (unfinished > MAX_UNFINISHED)
        note(onlooker, `${unfinished} records of one partition are taken and unfinished`);
      void checkGates(process, onlooker);
    }
    if (time.nowMs < plan.span.toMs) watchMemory(deps);
  });
}

/** Who entered an endpoint's gate has left it, unless its request is out. */
async function checkGates({ machine, countInFlight }: DispatcherProcess, onlooker: Onlooker): Promise<void> {
  const [inside, out] = [await countInFlight(), onlooker.limits.countInFlight(machine)];
  if (inside !== out) note(onlooker, `${inside} are inside the gates, while ${out} requests are out`);
}

function note(onlooker: Onlooker, words: string): void {
  onlooker.noteProblem({ check: "memory", words });
}
