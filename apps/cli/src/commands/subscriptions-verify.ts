import type { Command } from "commander";
import type { CliContext } from "../cli-context.ts";
import { readGlobalOptions } from "../options/global-options.ts";
import { printSubscription } from "../output/print-subscription.ts";
import { withPlatform } from "../platform/platform.ts";

/** `subscriptions verify`: has the platform ask the callback URL of a pending one again. */
export function addSubscriptionsVerify(subscriptions: Command, { config, stdout }: CliContext): void {
  subscriptions
    .command("verify")
    .description("have the platform ask the callback URL of a PENDING one again; fails if it stays PENDING")
    .argument("<id>", "such as sub_...")
    .addHelpText("after", "\nExample:\n  $ postrider subscriptions verify sub_01J...\n")
    .action(async (id: string, _, command: Command) => {
      const globals = readGlobalOptions(command, config);
      await withPlatform(globals, async (platform) => {
        const { subscription } = await platform.verifySubscription({ id });
        printSubscription(subscription, globals, stdout);
        if (subscription?.pendingReason) throw new Error(`${id} is still pending: ${subscription.pendingReason}`);
      });
    });
}
