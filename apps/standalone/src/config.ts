import {
  addressSetting,
  parseSettings,
  readPlatformVersion,
  type SettingsOf,
  textSetting,
  type Usage,
} from "@postrider/kit-config";
import { ACCESS_WORDS } from "@postrider/domain-access";
import { accessSettings } from "@postrider/kit-access";
import { PUBLISH_RATE_SETTING } from "@postrider/ingest";
import { EGRESS_CONNECTION_SETTINGS, egressPolicySettings } from "@postrider/kit-egress";
import { masterKeySettings } from "@postrider/kit-secrets";
import { servingSettings } from "@postrider/kit-serving";
import { LEDGER_SETTINGS } from "@postrider/ledger";
import { RETENTION_SETTING } from "@postrider/records";
import { assertOriginSet, assertWarningTime, HEALTH_SETTINGS, VERIFICATION_SETTINGS } from "@postrider/subscription";

/** Everything that can be set in the standalone platform. docs/settings/standalone.md is made from it. */
const STANDALONE_SETTINGS = {
  grpcAddress: addressSetting({
    variable: "POSTRIDER_GRPC_ADDRESS",
    fallback: "127.0.0.1:50051",
    doc: "Where all gRPC services listen. Beyond loopback it needs callers that are known, and TLS (POSTRIDER_ALLOW_INSECURE says otherwise).",
  }),
  dataDir: textSetting({
    variable: "POSTRIDER_DATA_DIR",
    fallback: "./data",
    doc: "The folder of the database file. It must be on a local disk: a network share can't keep the promise of durability.",
  }),
  ...masterKeySettings("Without them, or the file, one is made in the data folder: `master-keys`."),
  // To be tried on one machine: receivers on loopback, at any port, without certificates.
  ...egressPolicySettings({ allow: "127.0.0.0/8", ports: "any", http: "allow" }),
  ...EGRESS_CONNECTION_SETTINGS,
  publishRate: PUBLISH_RATE_SETTING,
  retentionMs: RETENTION_SETTING,
  ...VERIFICATION_SETTINGS,
  ...LEDGER_SETTINGS,
  ...HEALTH_SETTINGS,
  ...accessSettings(ACCESS_WORDS.owner.name),
  ...servingSettings({ adminAddress: "127.0.0.1:9464" }),
};

export const STANDALONE_USAGE: Usage = {
  command: "npm start",
  purpose: "the whole of Postrider in one process, on one SQLite file.",
  settings: STANDALONE_SETTINGS,
};

export type StandaloneConfig = SettingsOf<typeof STANDALONE_SETTINGS> & { readonly version: string };

/** Reads the environment, once. @throws {SettingsError} that names every wrong setting */
export function parseStandaloneConfig(environment: NodeJS.ProcessEnv = process.env): StandaloneConfig {
  const settings = parseSettings(STANDALONE_SETTINGS, environment);
  assertWarningTime(settings);
  assertOriginSet(settings);
  return { ...settings, version: readPlatformVersion() };
}
