import type { Event } from "@postrider/contracts/postrider/v1/ingest";
import type { StoredEvent } from "@postrider/kit-event-store";
import { type Clock, pause, type Service } from "@postrider/kit-lifecycle";
import type { Logger } from "@postrider/kit-telemetry";
import type { Registry } from "prom-client";
import { followEvents } from "../store/follow-events.ts";
import type { SubscriptionDeps } from "../subscription-deps.ts";
import { findRefusal } from "./find-refusal.ts";
import type { Ingest } from "./ingest.ts";
import { isOperational, loadOperationalEvent } from "./operational-event.ts";
import { createOutboxMetrics, type OutboxMetrics } from "./outbox-metrics.ts";
import { findPosition, savePosition } from "./outbox-position.ts";

/** Ingest or the store is away: they are tried again after the first, then twice as long, up to the longest. */
const RETRY_MS = { first: 500, longest: 30_000 };
/** So many events that are told to nobody may be read again at a start: a position for each would double the writes. */
const MAX_UNSAVED = 1000;

export interface OutboxDeps extends Pick<SubscriptionDeps, "store" | "database"> {
  readonly ingest: Ingest;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly registry: Registry;
}

/**
 * Tells tenants what became of their subscriptions, as events that they can subscribe to: follows the store from a durable
 * position, and publishes one event after the other, in order, each until it is accepted. What is published again after a
 * crash, or by another instance at the same time, has the same id, so that ingest's idempotence makes one of it. One that
 * ingest refuses for good is told to the operator, and passed over: it must not hold back all that comes after it.
 *
 * Begins with what happens after its first start.
 */
export function createOutbox(deps: OutboxDeps): Service {
  const { clock, logger, registry } = deps;
  const metrics = createOutboxMetrics({ registry, nowMs: () => clock.nowMs() });
  return {
    name: "outbox",
    run: async (signal) => {
      let delayMs = RETRY_MS.first;
      const onPublished = (): void => {
        delayMs = RETRY_MS.first;
      };
      while (!isAborted(signal)) {
        try {
          await follow({ ...deps, metrics }, onPublished, signal);
        } catch (error) {
          logger.warn({ err: error }, "operational events can't be published now: tried again");
          await pause(clock, delayMs, signal);
          delayMs = Math.min(delayMs * 2, RETRY_MS.longest);
        }
      }
    },
  };
}

type FollowDeps = OutboxDeps & { readonly metrics: OutboxMetrics };

async function follow(deps: FollowDeps, onPublished: () => void, signal: AbortSignal): Promise<void> {
  const { store, database } = deps;
  let saved = await begin(deps);
  for await (const page of followEvents(store, saved, signal)) {
    for (const stored of page.filter(isOperational)) {
      if (isAborted(signal)) return;
      await publishUnlessDone(deps, stored);
      saved = stored.position;
      onPublished();
    }
    const position = page.at(-1)?.position ?? saved;
    if (position - saved < MAX_UNSAVED) continue;
    await savePosition(database, position);
    saved = position;
  }
}

/** The position to go on from; at the first start what happened before is nobody's news. */
async function begin({ store, database }: Pick<OutboxDeps, "store" | "database">): Promise<number> {
  const found = await findPosition(database);
  if (found !== undefined) return found;
  const revision = await store.revision();
  await savePosition(database, revision);
  return revision;
}

/** Another instance may be ahead, by longer than ids are remembered. */
async function publishUnlessDone(deps: FollowDeps, stored: StoredEvent): Promise<void> {
  const { database, metrics } = deps;
  metrics.pending(stored.appendedAtMs);
  const done = (await findPosition(database)) ?? 0;
  if (done >= stored.position) {
    metrics.done("already_published");
    return;
  }
  const event = await loadOperationalEvent(deps, stored);
  const refusal = await publish(event, deps);
  await savePosition(database, stored.position);
  if (refusal === undefined) metrics.done("published");
  else metrics.refused(refusal);
}

/** The code of a refusal for good. @throws what ingest rejected with, if it may take the event another time */
async function publish(event: Event, { ingest, logger }: FollowDeps): Promise<string | undefined> {
  try {
    await ingest.publish({ event });
    return undefined;
  } catch (error) {
    const code = findRefusal(error);
    if (code === undefined) throw error;
    const { id, type, tenantId, orderingKey: subscriptionId } = event;
    logger.error(
      { err: error, eventId: id, type, tenantId, subscriptionId },
      "ingest refused an operational event for good: its tenant is not told",
    );
    return code;
  }
}

/** A call, because the compiler takes a property that was false for false. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}
