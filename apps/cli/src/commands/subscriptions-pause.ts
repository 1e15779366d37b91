import type { Command } from "commander";
import type { CliContext } from "../cli-context.ts";
import { readGlobalOptions } from "../options/global-options.ts";
import { printSubscription } from "../output/print-subscription.ts";
import { withPlatform } from "../platform/platform.ts";

/** `subscriptions pause`: hold its deliveries: they stay durable, and go when it is resumed. */
export function addSubscriptionsPause(subscriptions: Command, { config, stdout }: CliContext): void {
  subscriptions
    .command("pause")
    .description("hold its deliveries: they stay durable, and go when it is resumed")
    .argument("<id>", "such as sub_...")
    .addHelpText("after", "\nExample:\n  $ postrider subscriptions pause sub_01J...\n")
    .action(async (id: string, _, command: Command) => {
      const globals = readGlobalOptions(command, config);
      await withPlatform(globals, async (platform) => {
        const { subscription } = await platform.pauseSubscription({ id });
        printSubscription(subscription, globals, stdout);
      });
    });
}
