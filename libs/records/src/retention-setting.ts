import { durationSetting } from "@postrider/kit-config";

const DAY_MS = 86_400_000;

/** How long the log keeps what stands in it: the same setting in every service that makes topics. */
export const RETENTION_SETTING = durationSetting(
  {
    variable: "POSTRIDER_RETENTION",
    fallback: "7d",
    doc: "How long events, attempts and dead letters are kept in the log. Longer than any outage that must not lose anything.",
  },
  { minMs: 3_600_000, maxMs: 365 * DAY_MS },
);
