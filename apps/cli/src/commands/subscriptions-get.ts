import type { Command } from "commander";
import type { CliContext } from "../cli-context.ts";
import { readGlobalOptions } from "../options/global-options.ts";
import { printSubscription } from "../output/print-subscription.ts";
import { withPlatform } from "../platform/platform.ts";

/** `subscriptions get`: everything but the secret, which only create and rotate-secret tell. */
export function addSubscriptionsGet(subscriptions: Command, { config, stdout }: CliContext): void {
  subscriptions
    .command("get")
    .description("show one, without its secret")
    .argument("<id>", "such as sub_...")
    .addHelpText("after", "\nExample:\n  $ postrider subscriptions get sub_01J... --json | jq .state\n")
    .action(async (id: string, _, command: Command) => {
      const globals = readGlobalOptions(command, config);
      await withPlatform(globals, async (platform) => {
        const { subscription } = await platform.getSubscription({ id });
        printSubscription(subscription, globals, stdout);
      });
    });
}
