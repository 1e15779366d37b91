import type { LogRecord } from "@postrider/kit-event-log";
import { decodeAttempts, decodeDeadLetter, decodeEvent, TOPICS } from "@postrider/records";
import type { LedgerEntry } from "../store/ledger-entry.ts";

/** The topics that the ledger reads. */
export type LedgerTopic = typeof TOPICS.events | typeof TOPICS.attempts | typeof TOPICS.deadLetters;

export const LEDGER_TOPICS: readonly LedgerTopic[] = [TOPICS.events, TOPICS.attempts, TOPICS.deadLetters];

/** The entries of a record; undefined for one that is none of its topic's. */
export function decodeRecord(topic: LedgerTopic, record: LogRecord): readonly LedgerEntry[] | undefined {
  try {
    switch (topic) {
      case TOPICS.events: {
        const decoded = decodeEvent(record);
        return decoded.kind === "event" ? [{ kind: "event", event: decoded.event }] : undefined;
      }
      case TOPICS.attempts:
        return decodeAttempts(record.value).map((attempt) => ({ kind: "attempt", attempt }));
      case TOPICS.deadLetters:
        return [{ kind: "dead_letter", letter: decodeDeadLetter(record.value) }];
    }
  } catch {
    // Somebody else wrote it, or a dispatcher of a later release: it says nothing that can be read here.
    return undefined;
  }
}
