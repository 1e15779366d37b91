import type { KafkaRecord } from "@postrider/kit-kafka";
import { decodeDeferredDelivery } from "@postrider/records";

/** What a record of the events or of a tier is about. */
export interface RecordTopic {
  readonly eventId: string;
  /** Empty: the event as a whole. */
  readonly subscriptionId: string;
  /** The number of the attempt that comes next. */
  readonly nextAttempt: number;
}

const known = new WeakMap<KafkaRecord, RecordTopic>();

/** Decoded once for each record. */
export function topicOf(record: KafkaRecord): RecordTopic {
  const found = known.get(record) ?? decode(record);
  known.set(record, found);
  return found;
}

/** When a record of a tier is due; milliseconds since the epoch. */
export function dueAtMsOf({ headers }: KafkaRecord): number {
  return Number(headers["due-ms"]);
}

function decode({ headers, value }: KafkaRecord): RecordTopic {
  const eventId = headers["ce_id"];
  if (eventId !== undefined) return { eventId, subscriptionId: "", nextAttempt: 1 };
  const { event, subscriptionId, nextAttempt } = decodeDeferredDelivery(value);
  return { eventId: event.id, subscriptionId, nextAttempt };
}
