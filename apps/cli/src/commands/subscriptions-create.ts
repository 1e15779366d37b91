import type { Command } from "commander";
import type { CliContext } from "../cli-context.ts";
import { readGlobalOptions } from "../options/global-options.ts";
import { addSubscriptionOptions, type SubscriptionOptions, toSubscription } from "../options/subscription-options.ts";
import { printSubscription } from "../output/print-subscription.ts";
import { withPlatform } from "../platform/platform.ts";

const EXAMPLES = `
Here --timeout is the receiver's; the one for the call goes before the command: postrider --timeout 5s subscriptions create ...

Examples:
  $ postrider subscriptions create --tenant acme --url https://acme.example/webhooks --events 'order.*,user_registered'
  $ postrider subscriptions create --tenant acme --url https://acme.example/webhooks --events '*' \\
      --header 'X-Team: payments' --ack json-status-success --retry 5s,30s,2m --max-age 1d --rate 20
  $ postrider subscriptions create --tenant acme --url https://acme.example/webhooks --events '*' --signature ed25519
  $ SECRET=$(postrider subscriptions create --tenant acme --url http://127.0.0.1:3000/ --events order_paid --print-secret)
`;

/** `subscriptions create`: shows the new subscription and, this once, its secret. */
export function addSubscriptionsCreate(subscriptions: Command, { config, stdout, stderr }: CliContext): void {
  addSubscriptionOptions(subscriptions.command("create"))
    .description("subscribe a URL to event types")
    .option("--print-secret", "print what its receiver verifies with, and nothing else")
    .addHelpText("after", EXAMPLES)
    .action(async (options: SubscriptionOptions & { printSecret?: true }, command: Command) => {
      const { json, ...globals } = readGlobalOptions(command, config);
      await withPlatform({ json, ...globals }, async (platform) => {
        const { subscription } = await platform.createSubscription({ subscription: toSubscription(options) });
        printSubscription(subscription, { json, onlySecret: options.printSecret ?? false }, stdout);
        if (options.printSecret && subscription?.pendingReason) {
          stderr.write(`${subscription.id} is pending: ${subscription.pendingReason}\n`);
        }
      });
    });
}
