// What a run measured, for the report and for what it is held against.
import type { MemorySeries } from "./measure.ts";
import type { Paced, Sustained, Throughput } from "./phases.ts";
import type { MoreDispatchers, MoreSubscriptions } from "./scaling.ts";

/** What was measured; phases that there were not are left out. */
export interface Measured {
  /** Before and after the platform. */
  readonly bareLoop: readonly Throughput[];
  /** From the start of each process of the platform until it was ready. */
  readonly readyMs?: Readonly<Record<string, number>>;
  readonly sustained?: Sustained;
  readonly paced: readonly Paced[];
  readonly memory?: { readonly events: number; readonly processes: Readonly<Record<string, MemorySeries>> };
  readonly subscriptions?: MoreSubscriptions;
  readonly dispatchers?: MoreDispatchers;
}
