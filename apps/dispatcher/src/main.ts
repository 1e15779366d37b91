import { describeUsage } from "@postrider/kit-config";
import { createSystemRandom, runProcess, systemClock } from "@postrider/kit-lifecycle";
import { createLogger } from "@postrider/kit-telemetry";
import { DISPATCHER_USAGE, parseDispatcherConfig } from "./config.ts";
import { serveDispatcher } from "./serve-dispatcher.ts";

if (process.argv.includes("--help")) {
  console.log(describeUsage(DISPATCHER_USAGE));
  process.exit(0);
}

await runProcess("postrider-dispatcher", async (signal) => {
  const config = parseDispatcherConfig();
  const logger = createLogger({ service: "dispatcher", level: config.logLevel });
  const serving = await serveDispatcher({ config, logger, clock: systemClock, random: createSystemRandom() });
  console.log(`postrider-dispatcher ${config.version} ready: admin on http://${serving.adminAddress}`);
  await serving.run(signal);
});
