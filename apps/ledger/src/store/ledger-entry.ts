import type { Event } from "@postrider/domain-event";
import type { DeadLetter, RecordedAttempt } from "@postrider/records";

/** One fact of the log, as the ledger takes it. */
export type LedgerEntry =
  | { readonly kind: "event"; readonly event: Event }
  | { readonly kind: "attempt"; readonly attempt: RecordedAttempt }
  | { readonly kind: "dead_letter"; readonly letter: DeadLetter };

/** When the event that it is about was accepted: rows are kept by that. */
export function acceptedAtMsOf(entry: LedgerEntry): number {
  switch (entry.kind) {
    case "event":
      return entry.event.acceptedAtMs;
    case "attempt":
      return entry.attempt.acceptedAtMs;
    case "dead_letter":
      return entry.letter.event.acceptedAtMs;
  }
}
