import { addressSetting, choiceSetting, durationSetting, type Setting } from "@postrider/kit-config";
import { LOG_LEVELS, type LogLevel } from "@postrider/kit-telemetry";

/** Which setting each process has, whatever it serves. */
export interface ServingSettings {
  readonly adminAddress: Setting<string>;
  readonly graceMs: Setting<number>;
  readonly logLevel: Setting<LogLevel>;
}

/** @param adminAddress the default, different for each service so that all can run on one machine */
export function servingSettings({ adminAddress }: { readonly adminAddress: string }): ServingSettings {
  return {
    adminAddress: addressSetting({
      variable: "POSTRIDER_ADMIN_ADDRESS",
      fallback: adminAddress,
      doc: "Where /metrics, /livez and /readyz are served.",
    }),
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
}
