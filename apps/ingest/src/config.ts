import { ACCESS_WORDS } from "@postrider/domain-access";
import { accessSettings, CALLING_SETTINGS } from "@postrider/kit-access";
import { addressSetting, parseSettings, readPlatformVersion, type SettingsOf, type Usage } from "@postrider/kit-config";
import { KAFKA_SETTINGS } from "@postrider/kit-kafka";
import { servingSettings } from "@postrider/kit-serving";
import { RETENTION_SETTING } from "@postrider/records";
import { PUBLISH_RATE_SETTING } from "./publish-rate-setting.ts";

/** Everything that can be set in ingest. docs/settings/ingest.md is made from it. */
const INGEST_SETTINGS = {
  grpcAddress: addressSetting({
    variable: "POSTRIDER_GRPC_ADDRESS",
    fallback: "127.0.0.1:50051",
    doc: "Where it takes events. Beyond loopback it needs callers that are known, and TLS (POSTRIDER_ALLOW_INSECURE says otherwise).",
  }),
  subscriptionAddress: addressSetting({
    variable: "POSTRIDER_SUBSCRIPTION_ADDRESS",
    fallback: "127.0.0.1:50052",
    doc: "Where the subscription service answers, for the catalog of event types.",
  }),
  publishRate: PUBLISH_RATE_SETTING,
  ...KAFKA_SETTINGS,
  retentionMs: RETENTION_SETTING,
  ...accessSettings(ACCESS_WORDS.owner.name),
  ...CALLING_SETTINGS,
  ...servingSettings({ adminAddress: "127.0.0.1:9464" }),
};

export const INGEST_USAGE: Usage = {
  command: "node apps/ingest/src/main.ts",
  purpose: "takes events by gRPC, checks them against the catalog, and answers when they stand durably in Kafka.",
  settings: INGEST_SETTINGS,
};

export type IngestConfig = SettingsOf<typeof INGEST_SETTINGS> & { readonly version: string };

/** Reads the environment, once. @throws {SettingsError} that names every wrong setting */
export function parseIngestConfig(environment: NodeJS.ProcessEnv = process.env): IngestConfig {
  return { ...parseSettings(INGEST_SETTINGS, environment), version: readPlatformVersion() };
}
