import type { EventStore, StoredEvent } from "@postrider/kit-event-store";

/** Enough to make a read worth its while, few enough to hold for each who follows. */
const PAGE_EVENTS = 200;

/**
 * The events of all streams after a position, page by page, then live, until the signal aborts. The first page comes
 * at once, empty if nothing is there. Holds one page: who reads slowly only falls behind.
 */
export async function* followEvents(
  store: EventStore,
  afterPosition: number,
  signal: AbortSignal,
): AsyncGenerator<readonly StoredEvent[], void, undefined> {
  let position = afterPosition;
  let bell = Promise.withResolvers<undefined>();
  const ring = (): void => {
    bell.resolve(undefined);
  };
  const stopListening = store.onAppended(ring);
  signal.addEventListener("abort", ring);
  try {
    while (!signal.aborted) {
      // Set before reading, so that an append during the read is not missed.
      bell = Promise.withResolvers();
      const page = await store.readAfter(position, PAGE_EVENTS);
      yield page;
      position = page.at(-1)?.position ?? position;
      if (page.length < PAGE_EVENTS && !isAborted(signal)) await bell.promise;
    }
  } finally {
    stopListening();
    signal.removeEventListener("abort", ring);
  }
}

/** A call, because the compiler takes a property that was false for false. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}
