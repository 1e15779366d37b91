// When is a platform well again? When every partition is being read, and what stood in it has been dealt with.
import { setTimeout as sleep } from "node:timers/promises";
import { type KafkaView, type KafkaViewOptions, openKafkaView, type PartitionLag } from "../platform/kafka-view.ts";

const POLL_MS = 250;

export interface UntilOptions extends KafkaViewOptions {
  readonly deadlineMs: number;
}

/** Resolves when all partitions have all their replicas in sync. @throws Error that names those that lack one */
export async function untilReplicated(options: UntilOptions): Promise<void> {
  await poll(options, async (view) => {
    const lacking = await view.findUnderReplicated();
    return lacking.length === 0 ? undefined : `lacking a replica: ${lacking.slice(0, 5).join(", ")}`;
  });
}

/**
 * Resolves when what stands in the events topic now has been read and finished, in every partition.
 * @throws Error that names partitions that nobody attends to
 */
export async function untilCaughtUp(options: UntilOptions): Promise<void> {
  let wanted: ReadonlyMap<number, number> | undefined;
  await poll(options, async (view) => {
    const lags = await view.findLags();
    wanted ??= new Map(lags.map(({ partition, endOffset }) => [partition, endOffset]));
    const behind = lags.filter(({ partition, committedOffset }) => committedOffset < (wanted?.get(partition) ?? 0));
    return behind.length === 0 ? undefined : `partitions fell behind: ${behind.map(describeLag).join(", ")}`;
  });
}

export function describeLag({ partition, committedOffset, endOffset }: PartitionLag): string {
  return `${partition} at ${committedOffset} of ${endOffset}`;
}

/** Asks until nothing is missing. A cluster that is getting over a death may not answer: it is asked again. */
async function poll(
  options: UntilOptions,
  findMissing: (view: KafkaView) => Promise<string | undefined>,
): Promise<void> {
  const lateMs = performance.now() + options.deadlineMs;
  let view: KafkaView | undefined;
  try {
    for (;;) {
      let missing: string | undefined;
      try {
        view ??= await openKafkaView(options);
        missing = await findMissing(view);
        if (missing === undefined) return;
      } catch (error) {
        missing = error instanceof Error ? error.message : String(error);
        // A new one does not remember brokers that are gone.
        await view?.close().catch(() => undefined);
        view = undefined;
      }
      if (performance.now() > lateMs) throw new Error(`after ${options.deadlineMs} ms: ${missing}`);
      await sleep(POLL_MS);
    }
  } finally {
    await view?.close().catch(() => undefined);
  }
}
