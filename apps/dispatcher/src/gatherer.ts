/**
 * Gathers items while one batch is out, so that whoever takes the batches gets few large ones when it is busy, and each
 * item at once when it is not. Each item's promise settles with its batch.
 */
export function createGatherer<T>(write: (batch: readonly T[]) => Promise<void>): (item: T) => Promise<void> {
  let gathered: T[] = [];
  let next: Promise<void> | undefined;
  let current: Promise<void> = Promise.resolve();

  function writeGathered(): Promise<void> {
    const batch = gathered;
    gathered = [];
    next = undefined;
    current = write(batch);
    return current;
  }

  return (item) => {
    gathered.push(item);
    next ??= current.then(writeGathered, writeGathered);
    return next;
  };
}
