import { durationSetting, integerSetting, SettingsError } from "@postrider/kit-config";

const DAY_MS = 86_400_000;

/** When an endpoint counts as failing, and when it is given up. Standalone has the same. */
export const HEALTH_SETTINGS = {
  failingAfterMs: durationSetting(
    {
      variable: "POSTRIDER_FAILING_AFTER",
      // Half a day is no deployment any more.
      fallback: "12h",
      doc: "After this time of nothing but failed attempts, counted from the first report of it, an endpoint is failing: its tenant is warned.",
    },
    { minMs: 100, maxMs: 30 * DAY_MS },
  ),
  leastAttempts: integerSetting(
    {
      variable: "POSTRIDER_FAILING_LEAST_ATTEMPTS",
      fallback: "10",
      doc: "With fewer failed attempts an endpoint is not failing, however far they lie apart.",
    },
    { min: 1, max: 1_000_000 },
  ),
  disabledAfterMs: durationSetting(
    {
      variable: "POSTRIDER_DISABLED_AFTER",
      // A weekend, and people's time to mend it.
      fallback: "5d",
      doc: "After this time of nothing but failed attempts the subscription is disabled. Longer than POSTRIDER_FAILING_AFTER.",
    },
    { minMs: 200, maxMs: 90 * DAY_MS },
  ),
};

/** @throws {SettingsError} when there would be no time between the warning and the end */
export function assertWarningTime(settings: {
  readonly failingAfterMs: number;
  readonly disabledAfterMs: number;
}): void {
  if (settings.disabledAfterMs > settings.failingAfterMs) return;
  throw new SettingsError("POSTRIDER_DISABLED_AFTER should be longer than POSTRIDER_FAILING_AFTER");
}
