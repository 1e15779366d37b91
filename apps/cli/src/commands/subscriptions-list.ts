import type { Subscription } from "@postrider/contracts/postrider/v1/subscription";
import type { Command } from "commander";
import type { CliContext } from "../cli-context.ts";
import { readGlobalOptions } from "../options/global-options.ts";
import { formatJson } from "../output/json.ts";
import { formatSubscriptions, toSubscriptionJson } from "../output/subscription-view.ts";
import { collect, eachItem, PAGE_SIZE } from "../platform/pages.ts";
import { type Platform, withPlatform } from "../platform/platform.ts";

const EXAMPLES = `
Examples:
  $ postrider subscriptions list --tenant acme
  $ postrider subscriptions list --json | jq -r 'select(.state == "DISABLED") | .id'
`;

/** `subscriptions list`: of one tenant or of all. */
export function addSubscriptionsList(subscriptions: Command, { config, stdout }: CliContext): void {
  subscriptions
    .command("list")
    .description("show the subscriptions")
    .option("--tenant <id>", "only those of one tenant", "")
    .addHelpText("after", EXAMPLES)
    .action(async ({ tenant }: { tenant: string }, command: Command) => {
      const globals = readGlobalOptions(command, config);
      await withPlatform(globals, async (platform) => {
        const found = eachSubscription(platform, tenant);
        // JSON goes out as the pages come; columns can only be aligned when all is known.
        if (!globals.json) stdout.write(formatSubscriptions(await collect(found)));
        else for await (const subscription of found) stdout.write(formatJson(toSubscriptionJson(subscription)));
      });
    });
}

function eachSubscription({ listSubscriptions }: Platform, tenantId: string): AsyncGenerator<Subscription> {
  return eachItem(async (pageToken) => {
    const { subscriptions, nextPageToken } = await listSubscriptions({ tenantId, pageSize: PAGE_SIZE, pageToken });
    return { items: subscriptions, nextPageToken };
  });
}
