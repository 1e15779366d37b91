import { type Clock, pause } from "@postrider/kit-lifecycle";

export interface GathererOptions {
  /** How long the first of a batch waits for others, beside the time in which another batch is out. 0: not at all. */
  readonly lingerMs: number;
  readonly clock: Pick<Clock, "after">;
}

/**
 * Gathers items while one batch is out, and for a moment before, so that whoever takes the batches gets few large ones.
 * Each item's promise settles with its batch.
 */
export function createGatherer<T>(
  write: (batch: readonly T[]) => Promise<void>,
  { lingerMs, clock }: GathererOptions,
): (item: T) => Promise<void> {
  let gathered: T[] = [];
  let next: Promise<void> | undefined;
  let current: Promise<unknown> = Promise.resolve();

  async function writeGathered(before: Promise<unknown>): Promise<void> {
    await Promise.all([before, lingerMs > 0 ? pause(clock, lingerMs) : undefined]);
    const batch = gathered;
    gathered = [];
    next = undefined;
    await write(batch);
  }

  return (item) => {
    gathered.push(item);
    if (next === undefined) {
      next = writeGathered(current);
      // The next batch waits for this one's end, whichever it is.
      current = next.catch(() => undefined);
    }
    return next;
  };
}
