import { ACCESS_WORDS } from "@postrider/domain-access";
import { accessSettings, CALLING_SETTINGS } from "@postrider/kit-access";
import { addressSetting, parseSettings, readPlatformVersion, type SettingsOf, type Usage } from "@postrider/kit-config";
import { KAFKA_SETTINGS } from "@postrider/kit-kafka";
import { POSTGRES_SETTINGS } from "@postrider/kit-postgres";
import { servingSettings } from "@postrider/kit-serving";
import { RETENTION_SETTING } from "@postrider/records";
import { LEDGER_SETTINGS } from "./ledger-settings.ts";

/** Everything that can be set in the ledger. docs/settings/ledger.md is made from it. */
const LEDGER_SERVICE_SETTINGS = {
  grpcAddress: addressSetting({
    variable: "POSTRIDER_GRPC_ADDRESS",
    fallback: "127.0.0.1:50053",
    doc: "Where it answers. Beyond loopback it needs callers that are known, and TLS (POSTRIDER_ALLOW_INSECURE says otherwise).",
  }),
  subscriptionAddress: addressSetting({
    variable: "POSTRIDER_SUBSCRIPTION_ADDRESS",
    fallback: "127.0.0.1:50052",
    doc: "Where the subscription service answers, for the tokens of callers; unused where callers are not known by tokens.",
  }),
  ...LEDGER_SETTINGS,
  ...POSTGRES_SETTINGS,
  ...KAFKA_SETTINGS,
  retentionMs: RETENTION_SETTING,
  ...accessSettings(ACCESS_WORDS.owner.name),
  ...CALLING_SETTINGS,
  ...servingSettings({ adminAddress: "127.0.0.1:9467" }),
};

export const LEDGER_USAGE: Usage = {
  command: "node apps/ledger/src/main.ts",
  purpose: "reads from Kafka what became of events into PostgreSQL, and answers who asks. Any number share the work.",
  settings: LEDGER_SERVICE_SETTINGS,
};

export type LedgerConfig = SettingsOf<typeof LEDGER_SERVICE_SETTINGS> & { readonly version: string };

/** Reads the environment, once. @throws {SettingsError} that names every wrong setting */
export function parseLedgerConfig(environment: NodeJS.ProcessEnv = process.env): LedgerConfig {
  return { ...parseSettings(LEDGER_SERVICE_SETTINGS, environment), version: readPlatformVersion() };
}
