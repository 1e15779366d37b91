import type { Command } from "commander";
import type { CliContext } from "../cli-context.ts";
import { readGlobalOptions } from "../options/global-options.ts";
import { formatJson } from "../output/json.ts";
import { toPrintable } from "../output/printable.ts";
import { withPlatform } from "../platform/platform.ts";

/** `subscriptions delete`: for good; pausing is the gentle form. */
export function addSubscriptionsDelete(subscriptions: Command, { config, stdout }: CliContext): void {
  subscriptions
    .command("delete")
    .description("end it for good; `pause` only holds its deliveries")
    .argument("<id>", "such as sub_...")
    .addHelpText("after", "\nExample:\n  $ postrider subscriptions delete sub_01J...\n")
    .action(async (id: string, _, command: Command) => {
      const globals = readGlobalOptions(command, config);
      await withPlatform(globals, async (platform) => {
        await platform.deleteSubscription({ id });
        stdout.write(globals.json ? formatJson({ id, deleted: true }) : `deleted ${toPrintable(id)}\n`);
      });
    });
}
