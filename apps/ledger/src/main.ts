import { describeUsage } from "@postrider/kit-config";
import { createSystemRandom, runProcess, systemClock } from "@postrider/kit-lifecycle";
import { createLogger } from "@postrider/kit-telemetry";
import { LEDGER_USAGE, parseLedgerConfig } from "./config.ts";
import { serveLedger } from "./serve-ledger.ts";

if (process.argv.includes("--help")) {
  console.log(describeUsage(LEDGER_USAGE));
  process.exit(0);
}

await runProcess("postrider-ledger", async (signal) => {
  const config = parseLedgerConfig();
  const logger = createLogger({ service: "ledger", level: config.logLevel });
  const serving = await serveLedger({ config, logger, clock: systemClock, random: createSystemRandom() });
  const addresses = `gRPC on ${serving.grpcAddress}, admin on http://${serving.adminAddress}, ${serving.door}`;
  console.log(`postrider-ledger ${config.version} ready: ${addresses}`);
  await serving.run(signal);
});
