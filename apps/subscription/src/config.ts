import {
  addressSetting,
  optionalSetting,
  parseSettings,
  readPlatformVersion,
  type SettingsOf,
  type Usage,
} from "@postrider/kit-config";
import { ACCESS_WORDS } from "@postrider/domain-access";
import { accessSettings, CALLING_SETTINGS } from "@postrider/kit-access";
import { EGRESS_CONNECTION_SETTINGS, egressPolicySettings, INTERNET_ONLY } from "@postrider/kit-egress";
import { POSTGRES_SETTINGS } from "@postrider/kit-postgres";
import { assertMasterKeysSet, masterKeySettings } from "@postrider/kit-secrets";
import { servingSettings } from "@postrider/kit-serving";
import { assertWarningTime, HEALTH_SETTINGS } from "./health-settings.ts";
import { assertOriginSet, VERIFICATION_SETTINGS } from "./ownership/verification-settings.ts";

/** Everything that can be set in the subscription service. docs/settings/subscription.md is made from it. */
const SUBSCRIPTION_SETTINGS = {
  grpcAddress: addressSetting({
    variable: "POSTRIDER_GRPC_ADDRESS",
    fallback: "127.0.0.1:50052",
    doc: "Where it answers. Beyond loopback it needs callers that are known, and TLS (POSTRIDER_ALLOW_INSECURE says otherwise).",
  }),
  ...POSTGRES_SETTINGS,
  ...masterKeySettings("Without them, or the file, the service does not start."),
  ...egressPolicySettings(INTERNET_ONLY),
  ingestAddress: optionalSetting(
    addressSetting({
      variable: "POSTRIDER_INGEST_ADDRESS",
      fallback: "",
      doc: "Where ingest takes the events that tell tenants of their subscriptions (postrider.subscription.*). Without it there are none.",
    }),
  ),
  ...VERIFICATION_SETTINGS,
  ...EGRESS_CONNECTION_SETTINGS,
  ...HEALTH_SETTINGS,
  ...accessSettings(ACCESS_WORDS.owner.name),
  ...CALLING_SETTINGS,
  ...servingSettings({ adminAddress: "127.0.0.1:9465" }),
};

export const SUBSCRIPTION_USAGE: Usage = {
  command: "node apps/subscription/src/main.ts",
  purpose: "keeps subscriptions and the catalog of event types in PostgreSQL, and answers who wants which event.",
  settings: SUBSCRIPTION_SETTINGS,
};

export type SubscriptionConfig = SettingsOf<typeof SUBSCRIPTION_SETTINGS> & { readonly version: string };

/** Reads the environment, once. @throws {SettingsError} that names every wrong setting */
export function parseSubscriptionConfig(environment: NodeJS.ProcessEnv = process.env): SubscriptionConfig {
  const settings = parseSettings(SUBSCRIPTION_SETTINGS, environment);
  assertWarningTime(settings);
  assertOriginSet(settings);
  assertMasterKeysSet(settings);
  return { ...settings, version: readPlatformVersion() };
}
