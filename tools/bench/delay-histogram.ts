// Delays in constant memory: a run may have a million of them.
import { createHistogram, type RecordableHistogram } from "node:perf_hooks";
import type { Delay } from "./protocol.ts";

/** Up to an hour, to three digits: about 1 ‰ of error. */
export function createDelayHistogram(): RecordableHistogram {
  return createHistogram({ lowest: 1, highest: 3_600_000_000, figures: 3 });
}

/** Clocks of two processes may differ by microseconds, and the histogram takes no 0. */
export function recordDelayUs(histogram: RecordableHistogram, us: number): void {
  histogram.record(Math.max(1, Math.round(us)));
}

export function readDelay(histogram: RecordableHistogram): Delay {
  const ms = (us: number): number => (histogram.count === 0 ? 0 : us / 1000);
  return {
    p50Ms: ms(histogram.percentile(50)),
    p95Ms: ms(histogram.percentile(95)),
    p99Ms: ms(histogram.percentile(99)),
    maxMs: ms(histogram.max),
  };
}
