import { randomBytes } from "node:crypto";
import { describeUsage } from "@postrider/kit-config";
import { createSystemRandom, runProcess, systemClock } from "@postrider/kit-lifecycle";
import { createLogger } from "@postrider/kit-telemetry";
import { parseStandaloneConfig, STANDALONE_USAGE } from "./config.ts";
import { createStandalone } from "./create-standalone.ts";
import { describeQuickStart } from "./quick-start.ts";

if (process.argv.includes("--help")) {
  console.log(describeUsage(STANDALONE_USAGE));
  process.exit(0);
}

await runProcess("postrider", async (signal) => {
  const config = parseStandaloneConfig();
  const logger = createLogger({ service: "standalone", level: config.logLevel });
  const chance = { random: createSystemRandom(), randomBytes };
  const platform = await createStandalone({ config, logger, clock: systemClock, ...chance });
  const addresses = `gRPC on ${platform.grpcAddress}, admin on http://${platform.adminAddress}`;
  console.log(`postrider ${config.version} ready: ${addresses}, data in ${config.dataDir}, ${platform.door}`);
  console.log(describeQuickStart(platform, config.egressAllow));
  await platform.run(signal);
});
