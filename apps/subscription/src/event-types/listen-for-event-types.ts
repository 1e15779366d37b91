import { pause } from "@postrider/kit-lifecycle";
import { reportUnexpected } from "@postrider/kit-rpc";
import { EventStoreError } from "@postrider/kit-event-store";
import { findEventTypeName } from "../store/event-type-aggregate.ts";
import { followEvents } from "../store/follow-events.ts";
import type { SubscriptionDeps } from "../subscription-deps.ts";

type Deps = Pick<SubscriptionDeps, "store" | "clock">;

/** Before another try to read a store that could not be read. */
const RETRY_MS = 1000;

/**
 * Calls back with the name of each event type that is made or changed from now on, by whichever process. Returns the
 * function that ends it. While the store can't be read nothing is told; what was missed is told afterwards.
 */
export function listenForEventTypes(deps: Deps, listener: (name: string) => void): () => void {
  const ending = new AbortController();
  void tellUntilEnded(deps, listener, ending.signal);
  return () => {
    ending.abort();
  };
}

async function tellUntilEnded(deps: Deps, listener: (name: string) => void, signal: AbortSignal): Promise<void> {
  let position: number | undefined;
  while (!signal.aborted) {
    try {
      position ??= await deps.store.revision();
      for await (const page of followEvents(deps.store, position, signal)) {
        for (const name of new Set(page.map(findEventTypeName))) if (name !== undefined) listener(name);
        position = page.at(-1)?.position ?? position;
      }
    } catch (error) {
      // Unavailable is expected to pass; anything else is told, and tried again rather than never.
      if (!(error instanceof EventStoreError)) reportUnexpected(error, "onEventTypeChanged");
      await pause(deps.clock, RETRY_MS, signal);
    }
  }
}
