import { randomBytes } from "node:crypto";
import { describeUsage } from "@postrider/kit-config";
import { createSystemRandom, runProcess, systemClock } from "@postrider/kit-lifecycle";
import { createLogger } from "@postrider/kit-telemetry";
import { parseSubscriptionConfig, SUBSCRIPTION_USAGE } from "./config.ts";
import { serveSubscription } from "./serve-subscription.ts";

if (process.argv.includes("--help")) {
  console.log(describeUsage(SUBSCRIPTION_USAGE));
  process.exit(0);
}

await runProcess("postrider-subscription", async (signal) => {
  const config = parseSubscriptionConfig();
  const logger = createLogger({ service: "subscription", level: config.logLevel });
  const chance = { random: createSystemRandom(), randomBytes };
  const serving = await serveSubscription({ config, logger, clock: systemClock, ...chance });
  const addresses = `gRPC on ${serving.grpcAddress}, admin on http://${serving.adminAddress}, ${serving.door}`;
  console.log(`postrider-subscription ${config.version} ready: ${addresses}`);
  await serving.run(signal);
});
