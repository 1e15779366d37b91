import type { KafkaAppend, KafkaRecord } from "@postrider/kit-kafka";
import type { DeferredTask } from "../deferred.ts";

/** The due time in milliseconds since the epoch, decimal. The key and the value of the record are the task's. */
const dueHeader = "due-ms";

export function encodeTask({ key, value, dueAtMs }: DeferredTask, topic: string): KafkaAppend {
  return { topic, key, value, headers: { [dueHeader]: String(dueAtMs) } };
}

export interface DecodedTask {
  readonly task: DeferredTask;
  /** Not written by {@link encodeTask}: taken as due when it was appended, so that it goes to whom can judge it. */
  readonly isMalformed: boolean;
}

export function decodeTask({ key = "", value, headers, appendedAtMs }: KafkaRecord): DecodedTask {
  const text = headers[dueHeader] ?? "";
  const dueAtMs = /^-?\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  const isMalformed = !Number.isSafeInteger(dueAtMs);
  return { task: { key, value, dueAtMs: isMalformed ? appendedAtMs : dueAtMs }, isMalformed };
}
