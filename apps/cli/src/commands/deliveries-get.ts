import type { Command } from "commander";
import type { CliContext } from "../cli-context.ts";
import { readGlobalOptions } from "../options/global-options.ts";
import { moment } from "../options/option-values.ts";
import { formatAttempts, toAttemptJson } from "../output/attempt-view.ts";
import { formatDelivery, toDeliveryJson } from "../output/delivery-view.ts";
import { formatJson } from "../output/json.ts";
import { withPlatform } from "../platform/platform.ts";

const EXAMPLES = `
Examples:
  $ postrider deliveries get dlv_3f...
  $ postrider deliveries get dlv_3f... --json | jq '.attempts[-1].result'
`;

/** `deliveries get`: with every attempt, what was answered, and what followed. */
export function addDeliveriesGet(deliveries: Command, { config, stdout }: CliContext): void {
  deliveries
    .command("get")
    .description("show one, with its attempts")
    .argument("<id>", "such as dlv_...")
    .option("--accepted <time>", "if its event was published more than once: which (default: the last one)", moment)
    .addHelpText("after", EXAMPLES)
    .action(async (id: string, { accepted: acceptTime }: { accepted?: Date }, command: Command) => {
      const globals = readGlobalOptions(command, config);
      await withPlatform(globals, async (platform) => {
        const { delivery, attempts } = await platform.getDelivery({ id, acceptTime });
        if (!delivery) throw new Error("the platform answered without a delivery");
        if (!globals.json) stdout.write(formatDelivery(delivery) + formatAttempts(attempts));
        else stdout.write(formatJson({ ...toDeliveryJson(delivery), attempts: attempts.map(toAttemptJson) }));
      });
    });
}
