import { systemClock } from "@postrider/kit-lifecycle";
import { createLogger, type Logger } from "@postrider/kit-telemetry";
import { Registry } from "prom-client";
import { onTestFinished } from "vitest";
import { createOutbox } from "../operational-events/create-outbox.ts";
import type { Ingest } from "../operational-events/ingest.ts";
import type { RunningSubscription } from "./start-subscription.ts";

export interface RunningOutbox {
  readonly registry: Registry;
  /** Also called at the test's end. */
  readonly stop: () => Promise<void>;
}

const silentLogger = createLogger({ service: "test", level: "silent" });

/** Runs one on a real store; resolves when it follows that. */
export async function startOutbox(
  { store, database }: RunningSubscription,
  ingest: Ingest,
  logger: Logger = silentLogger,
): Promise<RunningOutbox> {
  const ending = new AbortController();
  const following = Promise.withResolvers<undefined>();
  const watched: typeof store = {
    ...store,
    readAfter: async (position, limit) => {
      const page = await store.readAfter(position, limit);
      following.resolve(undefined);
      return page;
    },
  };
  const registry = new Registry();
  const outbox = createOutbox({ store: watched, database, ingest, clock: systemClock, logger, registry });
  const running = outbox.run(ending.signal);
  const stop = async (): Promise<void> => {
    ending.abort();
    await running;
  };
  onTestFinished(stop);
  await following.promise;
  return { registry, stop };
}
