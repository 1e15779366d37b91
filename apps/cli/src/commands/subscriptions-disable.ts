import type { Command } from "commander";
import type { CliContext } from "../cli-context.ts";
import { readGlobalOptions } from "../options/global-options.ts";
import { printSubscription } from "../output/print-subscription.ts";
import { withPlatform } from "../platform/platform.ts";

/** `subscriptions disable`: no more deliveries; those that wait are dropped. */
export function addSubscriptionsDisable(subscriptions: Command, { config, stdout }: CliContext): void {
  subscriptions
    .command("disable")
    .description("send it nothing more, and drop what waits, until it is resumed; `pause` drops nothing")
    .argument("<id>", "such as sub_...")
    .requiredOption("--reason <text>", "why, for people; 1 to 256 characters")
    .addHelpText(
      "after",
      "\nExample:\n  $ postrider subscriptions disable sub_01J... --reason 'asked for by the tenant'\n",
    )
    .action(async (id: string, { reason }: { readonly reason: string }, command: Command) => {
      const globals = readGlobalOptions(command, config);
      await withPlatform(globals, async (platform) => {
        const { subscription } = await platform.disableSubscription({ id, reason, callbackUrl: "" });
        printSubscription(subscription, globals, stdout);
      });
    });
}
