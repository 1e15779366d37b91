import { checkEvent, createEventId, type Event } from "@postrider/domain-event";
import type { Clock, Random } from "@postrider/kit-lifecycle";
import { RpcError } from "@postrider/kit-rpc";
import type { EventTypeCache } from "./event-type-cache.ts";

/** An event as a producer gives it, before anything is checked. */
export interface EventCandidate {
  readonly id?: string;
  readonly tenantId: string;
  readonly type: string;
  readonly source?: string;
  readonly timeMs?: number;
  readonly contentType?: string;
  readonly orderingKey?: string;
  readonly data?: Uint8Array;
}

/** An event that passed every check; it is accepted once it is durable. */
export type CheckedEvent = Omit<Event, "acceptedAtMs">;

export interface AcceptEventDeps {
  readonly eventTypes: Pick<EventTypeCache, "find">;
  readonly clock: Clock;
  readonly random: Random;
}

/**
 * Checks a candidate against the rules of events and against the catalog, and completes what the producer left open.
 * @throws {RpcError} invalid_argument with violations; not_found for an event type that the catalog does not have;
 * unavailable when the catalog is away and the event type is not known here
 */
export async function acceptEvent(candidate: EventCandidate, deps: AcceptEventDeps): Promise<CheckedEvent> {
  const { data, ...rest } = candidate;
  const violations = checkEvent(data ? { ...rest, dataBytes: data.byteLength } : rest);
  if (!data || violations.length > 0) throw RpcError.invalid(violations);
  const eventType = await deps.eventTypes.find(candidate.type);
  if (!eventType) throw unknownType(candidate.type);
  const contentType = candidate.contentType ?? "application/json";
  const violation = eventType.checkData(data, contentType);
  if (violation) throw RpcError.invalid([violation]);
  const nowMs = deps.clock.nowMs();
  return {
    id: candidate.id ?? createEventId(nowMs, deps.random),
    tenantId: candidate.tenantId,
    type: candidate.type,
    source: candidate.source ?? "postrider",
    timeMs: candidate.timeMs ?? nowMs,
    contentType,
    ...(candidate.orderingKey === undefined ? {} : { orderingKey: candidate.orderingKey }),
    data,
  };
}

function unknownType(type: string): RpcError {
  const text = `event type ${JSON.stringify(type)} is not in the catalog (postrider catalog list shows those that are)`;
  return new RpcError("not_found", text, { violations: [{ field: "event.type", description: text }] });
}
