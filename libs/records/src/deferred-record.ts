import {
  DeadLetter as DeadLetterMessage,
  DeferredDelivery as DeferredDeliveryMessage,
  type EventRecord,
} from "@postrider/contracts/postrider/log/v1/delivery";
import type { Event } from "@postrider/domain-event";
import type { AppendRecord } from "@postrider/kit-event-log";
import { TOPICS } from "./topics.ts";

/** In place of a subscription's id: nobody could tell yet who wants the event, so the whole event waits. */
export const TO_BE_LOOKED_UP = "";

/** A delivery that waits for a due time: the whole event, so that nothing else is needed when it is due. */
export interface DeferredDelivery {
  readonly event: Event;
  /** Or {@link TO_BE_LOOKED_UP}. */
  readonly subscriptionId: string;
  /** The number that the next attempt will have, from 1. */
  readonly nextAttempt: number;
  /** When it began to wait without an attempt (its subscription is paused, its endpoint has no room, or it could not be looked up); else undefined. */
  readonly heldSinceMs?: number;
}

/** A delivery that will not be tried again, with the whole event. */
export interface DeadLetter {
  readonly event: Event;
  readonly subscriptionId: string;
  readonly deliveryId: string;
  /** How many attempts were made. */
  readonly attempts: number;
  readonly reason: string;
  readonly diedAtMs: number;
}

export function encodeDeferredDelivery({
  event,
  subscriptionId,
  nextAttempt,
  heldSinceMs,
}: DeferredDelivery): Uint8Array {
  return DeferredDeliveryMessage.encode({
    event: toEventRecord(event),
    subscriptionId,
    nextAttempt,
    heldSinceMs: BigInt(heldSinceMs ?? 0),
  }).finish();
}

/** @throws Error when the bytes are no deferred delivery */
export function decodeDeferredDelivery(value: Uint8Array): DeferredDelivery {
  const { event, subscriptionId, nextAttempt, heldSinceMs } = DeferredDeliveryMessage.decode(value);
  if (!event) throw new Error("a deferred delivery without an event");
  const held = heldSinceMs === 0n ? {} : { heldSinceMs: Number(heldSinceMs) };
  return { event: fromEventRecord(event), subscriptionId, nextAttempt, ...held };
}

/** The record that keeps a deferred task that is no delivery, whole, with the reason why it is none. */
export function encodeQuarantinedTask(
  { key, value }: { readonly key: string; readonly value: Uint8Array },
  reason: string,
): AppendRecord {
  return { topic: TOPICS.quarantine, key, headers: { "postrider-reason": reason }, value };
}

export function encodeDeadLetter(letter: DeadLetter): AppendRecord {
  const { event, diedAtMs, ...rest } = letter;
  const message = { ...rest, event: toEventRecord(event), diedAtMs: BigInt(diedAtMs) };
  return {
    topic: TOPICS.deadLetters,
    key: letter.subscriptionId,
    headers: {},
    value: DeadLetterMessage.encode(message).finish(),
  };
}

/** @throws Error when the bytes are no dead letter */
export function decodeDeadLetter(value: Uint8Array): DeadLetter {
  const { event, diedAtMs, ...rest } = DeadLetterMessage.decode(value);
  if (!event) throw new Error("a dead letter without an event");
  return { ...rest, event: fromEventRecord(event), diedAtMs: Number(diedAtMs) };
}

function toEventRecord(event: Event): EventRecord {
  return {
    id: event.id,
    tenantId: event.tenantId,
    type: event.type,
    source: event.source,
    timeMs: BigInt(event.timeMs),
    acceptedAtMs: BigInt(event.acceptedAtMs),
    contentType: event.contentType,
    orderingKey: event.orderingKey ?? "",
    data: Buffer.from(event.data.buffer, event.data.byteOffset, event.data.byteLength),
  };
}

function fromEventRecord(record: EventRecord): Event {
  return {
    id: record.id,
    tenantId: record.tenantId,
    type: record.type,
    source: record.source,
    timeMs: Number(record.timeMs),
    acceptedAtMs: Number(record.acceptedAtMs),
    contentType: record.contentType,
    ...(record.orderingKey === "" ? {} : { orderingKey: record.orderingKey }),
    data: record.data,
  };
}
