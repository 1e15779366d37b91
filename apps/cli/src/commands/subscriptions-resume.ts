import type { Command } from "commander";
import type { CliContext } from "../cli-context.ts";
import { readGlobalOptions } from "../options/global-options.ts";
import { printSubscription } from "../output/print-subscription.ts";
import { withPlatform } from "../platform/platform.ts";

/** `subscriptions resume`: send again what was held, also after the platform disabled it. */
export function addSubscriptionsResume(subscriptions: Command, { config, stdout }: CliContext): void {
  subscriptions
    .command("resume")
    .description("send again what was held, also after the platform disabled it")
    .argument("<id>", "such as sub_...")
    .addHelpText("after", "\nExample:\n  $ postrider subscriptions resume sub_01J...\n")
    .action(async (id: string, _, command: Command) => {
      const globals = readGlobalOptions(command, config);
      await withPlatform(globals, async (platform) => {
        const { subscription } = await platform.resumeSubscription({ id });
        printSubscription(subscription, globals, stdout);
      });
    });
}
