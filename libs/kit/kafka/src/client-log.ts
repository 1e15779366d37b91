import type { Clock } from "@postrider/kit-lifecycle";
import type { LogEntry, logCreator } from "kafkajs";
import type { NoticeSink } from "./kafka-notice.ts";
import { leftOnPurpose } from "./mends/untold-joins.ts";

/** The same words again within this time tell nothing new: an outage would fill the log. */
const REPEAT_AFTER_MS = 10_000;
/** Different words that are remembered; kafkajs has few. */
const MAX_REMEMBERED = 200;

/**
 * What is part of a group's daily life, or told by a notice of its own: rebalances that requests are answered with, and
 * a stop that we asked for.
 */
const everyday = new RegExp(
  `rebalanc|${leftOnPurpose}|^Crash: |^Restarting the consumer|not aware of this member|needs to have a valid member id|^Offset out of range`,
  "i",
);

export interface ClientLogOptions {
  readonly clock: Clock;
  readonly onNotice: NoticeSink;
  /** The log starts after the position: records that nobody has read are gone. */
  readonly onOutOfRange?: ((place: { readonly topic: string; readonly partition: number }) => void) | undefined;
}

/** Takes kafkajs's log lines, warnings and worse, and makes notices of those that tell something. */
export function createClientLog({ clock, onNotice, onOutOfRange }: ClientLogOptions): logCreator {
  const lastAtMs = new Map<string, number>();
  const isNew = (words: string): boolean => {
    const nowMs = clock.nowMs();
    if (nowMs - (lastAtMs.get(words) ?? -Infinity) < REPEAT_AFTER_MS) return false;
    if (lastAtMs.size >= MAX_REMEMBERED) lastAtMs.clear();
    lastAtMs.set(words, nowMs);
    return true;
  };
  return () =>
    ({ namespace, log }: LogEntry) => {
      const { message, broker, error, topic, partition } = log;
      if (message.startsWith("Offset out of range, resetting") && typeof topic === "string") {
        onOutOfRange?.({ topic, partition: Number(partition) });
        return;
      }
      const detail = typeof error === "string" ? error : "";
      const where = typeof broker === "string" ? ` (${broker})` : "";
      const words = [message, detail].filter((part) => part !== "").join(": ");
      if (everyday.test(words) || !isNew(`${words}${where}`)) return;
      onNotice({ kind: "client", message: `${namespace}: ${oneLine(words)}${where}`, facts: {} });
    };
}

function oneLine(words: string): string {
  return words.replaceAll(/\s+/g, " ").trim();
}
