import { durationSetting, integerSetting } from "@postrider/kit-config";
import { MAX_EVENT_DATA_BYTES } from "@postrider/domain-event";

const DAY_MS = 86_400_000;

/** For every process that keeps a ledger. */
export const LEDGER_SETTINGS = {
  ledgerRetentionMs: durationSetting(
    {
      variable: "POSTRIDER_LEDGER_RETENTION",
      fallback: "30d",
      doc: "How long events, deliveries and attempts can be looked up, counted from the acceptance of the event, in whole days (UTC): up to a day longer.",
    },
    { minMs: DAY_MS, maxMs: 3650 * DAY_MS },
  ),
  ledgerDataBytes: integerSetting(
    {
      variable: "POSTRIDER_LEDGER_EVENT_DATA_BYTES",
      fallback: String(MAX_EVENT_DATA_BYTES),
      doc: "How much of an event's data the ledger keeps, in bytes; all of it by default. 0: none. The log keeps it all.",
    },
    { min: 0, max: MAX_EVENT_DATA_BYTES },
  ),
};
