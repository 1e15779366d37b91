import type { AppendRecord } from "@postrider/kit-event-log";
import { TOPICS } from "./topics.ts";

/** So little that any log takes it, and enough to see what it was. */
const KEPT_VALUE_BYTES = 64 * 1024;
const KEPT_HEADERS = 32;
const KEPT_HEADER_CHARS = 256;
const KEPT_REASON_CHARS = 1024;

/**
 * What is kept of a record that the log refuses, in quarantine: the beginning of its value and of its headers, with the
 * reason, the topic that it was meant for, and how long its value was.
 */
export function encodeCut({ topic, headers, value }: AppendRecord, reason: string): AppendRecord {
  const { "postrider-reason": earlierReason, ...others } = headers;
  const reasons = earlierReason === undefined ? reason : `${reason}; ${earlierReason}`;
  const kept = Object.entries(others)
    .slice(0, KEPT_HEADERS)
    .map(([name, text]): [string, string] => [name.slice(0, KEPT_HEADER_CHARS), text.slice(0, KEPT_HEADER_CHARS)]);
  return {
    topic: TOPICS.quarantine,
    headers: {
      ...Object.fromEntries(kept),
      "postrider-reason": reasons.slice(0, KEPT_REASON_CHARS),
      "postrider-topic": topic,
      "postrider-cut-from-bytes": String(value.byteLength),
    },
    value: value.subarray(0, KEPT_VALUE_BYTES),
  };
}
