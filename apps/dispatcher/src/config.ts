import {
  addressSetting,
  durationSetting,
  parseSettings,
  readPlatformVersion,
  type SettingsOf,
  type Usage,
} from "@postrider/kit-config";
import { CALLING_SETTINGS } from "@postrider/kit-access";
import { EGRESS_CONNECTION_SETTINGS, egressPolicySettings, INTERNET_ONLY } from "@postrider/kit-egress";
import { KAFKA_SETTINGS } from "@postrider/kit-kafka";
import { servingSettings } from "@postrider/kit-serving";
import { RETENTION_SETTING } from "@postrider/records";

/** Everything that can be set in the dispatcher. docs/settings/dispatcher.md is made from it. */
const DISPATCHER_SETTINGS = {
  subscriptionAddress: addressSetting({
    variable: "POSTRIDER_SUBSCRIPTION_ADDRESS",
    fallback: "127.0.0.1:50052",
    doc: "Where the subscription service answers who wants an event.",
  }),
  ...KAFKA_SETTINGS,
  retentionMs: RETENTION_SETTING,
  ...egressPolicySettings(INTERNET_ONLY),
  ...EGRESS_CONNECTION_SETTINGS,
  healthReportMs: durationSetting(
    {
      variable: "POSTRIDER_HEALTH_REPORT_INTERVAL",
      fallback: "1h",
      doc: "How often the subscription service is told of an endpoint that only fails. A twelfth of its POSTRIDER_FAILING_AFTER is a good value.",
    },
    { minMs: 10, maxMs: 86_400_000 },
  ),
  ...CALLING_SETTINGS,
  ...servingSettings({ adminAddress: "127.0.0.1:9466" }),
};

export const DISPATCHER_USAGE: Usage = {
  command: "node apps/dispatcher/src/main.ts",
  purpose:
    "reads events and due deliveries from Kafka, sends them, and records what came of it. Any number share the work.",
  settings: DISPATCHER_SETTINGS,
};

export type DispatcherConfig = SettingsOf<typeof DISPATCHER_SETTINGS> & { readonly version: string };

/** Reads the environment, once. @throws {SettingsError} that names every wrong setting */
export function parseDispatcherConfig(environment: NodeJS.ProcessEnv = process.env): DispatcherConfig {
  return { ...parseSettings(DISPATCHER_SETTINGS, environment), version: readPlatformVersion() };
}
