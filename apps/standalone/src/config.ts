import { readFileSync } from "node:fs";
import {
  addressSetting,
  choiceSetting,
  durationSetting,
  listSetting,
  parseSettings,
  type SettingsOf,
  textSetting,
} from "@postrider/kit-config";
import { LOG_LEVELS } from "@postrider/kit-telemetry";

const DAY_MS = 86_400_000;

/** Everything that can be set in the standalone platform. docs/settings.md is made from it. */
export const STANDALONE_SETTINGS = {
  grpcAddress: addressSetting({
    variable: "POSTRIDER_GRPC_ADDRESS",
    fallback: "127.0.0.1:50051",
    doc: "Where all gRPC services listen. Callers are not authenticated yet: keep it on loopback.",
  }),
  adminAddress: addressSetting({
    variable: "POSTRIDER_ADMIN_ADDRESS",
    fallback: "127.0.0.1:9464",
    doc: "Where /metrics, /livez and /readyz are served.",
  }),
  dataDir: textSetting({
    variable: "POSTRIDER_DATA_DIR",
    fallback: "./data",
    doc: "The folder of the database file. It must be on a local disk: a network share can't keep the promise of durability.",
  }),
  egressAllow: listSetting({
    variable: "POSTRIDER_EGRESS_ALLOW",
    fallback: "127.0.0.0/8",
    doc: "Ranges (CIDR, separated by commas) that callback URLs may reach although they are private.",
  }),
  retentionMs: durationSetting(
    {
      variable: "POSTRIDER_RETENTION",
      fallback: "7d",
      doc: "How long finished events, attempts and dead letters are kept in the log.",
    },
    { minMs: 3_600_000, maxMs: 365 * DAY_MS },
  ),
  graceMs: durationSetting(
    {
      variable: "POSTRIDER_SHUTDOWN_GRACE",
      fallback: "20s",
      doc: "After SIGTERM: how long requests that are out may end. What has not ended by then is sent again after the next start.",
    },
    { minMs: 0, maxMs: 300_000 },
  ),
  logLevel: choiceSetting(
    {
      variable: "POSTRIDER_LOG_LEVEL",
      fallback: "info",
      doc: "What is logged: one of debug, info, warn, error, silent.",
    },
    LOG_LEVELS,
  ),
};

export type StandaloneConfig = SettingsOf<typeof STANDALONE_SETTINGS> & { readonly version: string };

/** Reads the environment, once. @throws {SettingsError} that names every wrong setting */
export function parseStandaloneConfig(environment: NodeJS.ProcessEnv = process.env): StandaloneConfig {
  const manifest = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  const { version } = JSON.parse(manifest) as { version: string };
  return { ...parseSettings(STANDALONE_SETTINGS, environment), version };
}
