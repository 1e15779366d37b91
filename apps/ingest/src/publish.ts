import { encodeStatus, reportUnexpected, RpcError } from "@postrider/kit-rpc";
import type { PublishResponse, PublishResult } from "@postrider/contracts/postrider/v1/ingest";
import { acceptEvent, type AcceptEventDeps, type CheckedEvent, type EventCandidate } from "./accept-event.ts";
import type { IngestMetrics } from "./ingest-metrics.ts";
import type { RecordEvents } from "./record-events.ts";

export interface PublishDeps extends AcceptEventDeps {
  readonly recordEvents: RecordEvents;
  readonly metrics: IngestMetrics;
}

/** A candidate, or why the request held none that may be taken. */
export type PublishItem = EventCandidate | RpcError;

/**
 * Takes one event in: checked, then durable, then answered, before `deadlineMs` (since the epoch) if there is one.
 * @throws {RpcError} when it was not accepted
 */
export async function publish(item: PublishItem, deps: PublishDeps, deadlineMs?: number): Promise<PublishResponse> {
  const startedUs = deps.clock.monotonicUs();
  try {
    if (item instanceof RpcError) throw item;
    const event = await acceptEvent(item, deps);
    const acceptedAtMs = await deps.recordEvents([event], deadlineMs);
    deps.metrics.accepted(1, deps.clock.monotonicUs() - startedUs);
    return { eventId: event.id, acceptedAt: new Date(acceptedAtMs) };
  } catch (error) {
    deps.metrics.rejected(error);
    throw error;
  }
}

/** The most events that one batch may hold. */
const MAX_BATCH_EVENTS = 1000;

/** Whose defects are told, since an item's failure is an answer and not the call's. */
const BATCH_METHOD = "/postrider.v1.IngestService/PublishBatch";

/**
 * Takes up to 1,000 events in with one append. Each item has a result of its own, in order: a bad one
 * does not hold the others back. @throws {RpcError} invalid_argument when there are too many
 */
export async function publishBatch(
  items: readonly PublishItem[],
  deps: PublishDeps,
  deadlineMs?: number,
): Promise<PublishResult[]> {
  if (items.length > MAX_BATCH_EVENTS) {
    const description = `${items.length} events are more than ${MAX_BATCH_EVENTS}`;
    throw RpcError.invalid([{ field: "events", description }]);
  }
  const startedUs = deps.clock.monotonicUs();
  const checked = await Promise.all(items.map(async (item) => checkItem(item, deps)));
  const events = checked.filter((item): item is CheckedEvent => !(item instanceof Failure));
  const recorded = await recordAll(events, deps, deadlineMs);
  if (recorded instanceof Failure) {
    for (let rejected = 0; rejected < events.length; rejected += 1) deps.metrics.rejected(recorded.error);
  } else if (events.length > 0) {
    deps.metrics.accepted(events.length, deps.clock.monotonicUs() - startedUs);
  }
  return checked.map((item) => {
    if (item instanceof Failure) return rejectedResult(item);
    return recorded instanceof Failure ? rejectedResult(recorded) : acceptedResult(item, recorded);
  });
}

/** Why an item was not accepted, told apart from the items that were. */
class Failure {
  readonly error: unknown;

  constructor(error: unknown) {
    this.error = error;
  }
}

async function checkItem(item: PublishItem, deps: PublishDeps): Promise<CheckedEvent | Failure> {
  try {
    if (item instanceof RpcError) throw item;
    return await acceptEvent(item, deps);
  } catch (error) {
    deps.metrics.rejected(error);
    reportUnexpected(error, BATCH_METHOD);
    return new Failure(error);
  }
}

async function recordAll(
  events: readonly CheckedEvent[],
  deps: PublishDeps,
  deadlineMs: number | undefined,
): Promise<Date | Failure> {
  try {
    return new Date(events.length === 0 ? 0 : await deps.recordEvents(events, deadlineMs));
  } catch (error) {
    reportUnexpected(error, BATCH_METHOD);
    return new Failure(error);
  }
}

function acceptedResult({ id }: CheckedEvent, acceptedAt: Date): PublishResult {
  return { outcome: { $case: "accepted", value: { eventId: id, acceptedAt } } };
}

function rejectedResult({ error }: Failure): PublishResult {
  return { outcome: { $case: "rejected", value: encodeStatus(error) } };
}
