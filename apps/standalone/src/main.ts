import { randomBytes } from "node:crypto";
import { subscribe } from "node:diagnostics_channel";
import { createSystemRandom, systemClock } from "@postrider/kit-lifecycle";
import { UNEXPECTED_CHANNEL } from "@postrider/kit-rpc";
import { createLogger } from "@postrider/kit-telemetry";
import { parseStandaloneConfig } from "./config.ts";
import { createStandalone } from "./create-standalone.ts";
import { describeQuickStart } from "./quick-start.ts";

const stopping = new AbortController();
for (const signal of ["SIGTERM", "SIGINT"] as const) {
  process.once(signal, () => {
    stopping.abort();
  });
}

try {
  const config = parseStandaloneConfig();
  const logger = createLogger({ service: "standalone", level: config.logLevel });
  subscribe(UNEXPECTED_CHANNEL, (unexpected) => {
    logger.error(unexpected, "a call failed unexpectedly");
  });
  const platform = await createStandalone({
    config,
    logger,
    clock: systemClock,
    random: createSystemRandom(),
    randomBytes,
  });
  const { grpcAddress, adminAddress } = platform;
  const addresses = `gRPC on ${grpcAddress}, admin on http://${adminAddress}`;
  console.log(`postrider ${config.version} ready: ${addresses}, data in ${config.dataDir}`);
  console.log(describeQuickStart(platform, config.egressAllow));
  await platform.run(stopping.signal);
  process.exit(0);
} catch (error) {
  console.error(`postrider: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
}
