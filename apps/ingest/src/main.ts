import { describeUsage } from "@postrider/kit-config";
import { createSystemRandom, runProcess, systemClock } from "@postrider/kit-lifecycle";
import { createLogger } from "@postrider/kit-telemetry";
import { INGEST_USAGE, parseIngestConfig } from "./config.ts";
import { serveIngest } from "./serve-ingest.ts";

if (process.argv.includes("--help")) {
  console.log(describeUsage(INGEST_USAGE));
  process.exit(0);
}

await runProcess("postrider-ingest", async (signal) => {
  const config = parseIngestConfig();
  const logger = createLogger({ service: "ingest", level: config.logLevel });
  const serving = await serveIngest({ config, logger, clock: systemClock, random: createSystemRandom() });
  const addresses = `gRPC on ${serving.grpcAddress}, admin on http://${serving.adminAddress}, ${serving.door}`;
  console.log(`postrider-ingest ${config.version} ready: ${addresses}`);
  await serving.run(signal);
});
