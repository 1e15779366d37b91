import { randomBytes } from "node:crypto";
import { createSystemRandom, runProcess, systemClock } from "@postrider/kit-lifecycle";
import { createLogger } from "@postrider/kit-telemetry";
import { parseStandaloneConfig } from "./config.ts";
import { createStandalone } from "./create-standalone.ts";
import { describeQuickStart } from "./quick-start.ts";
import { describeUsage } from "./usage.ts";

if (process.argv.includes("--help")) {
  console.log(describeUsage());
  process.exit(0);
}

await runProcess("postrider", async (signal) => {
  const config = parseStandaloneConfig();
  const logger = createLogger({ service: "standalone", level: config.logLevel });
  const chance = { random: createSystemRandom(), randomBytes };
  const platform = await createStandalone({ config, logger, clock: systemClock, ...chance });
  const addresses = `gRPC on ${platform.grpcAddress}, admin on http://${platform.adminAddress}`;
  console.log(`postrider ${config.version} ready: ${addresses}, data in ${config.dataDir}`);
  console.log(describeQuickStart(platform, config.egressAllow));
  await platform.run(signal);
});
