import { type Delivery, Delivery_State as State } from "@postrider/contracts/postrider/v1/delivery";
import type { Command } from "commander";
import type { CliContext } from "../cli-context.ts";
import { readGlobalOptions } from "../options/global-options.ts";
import { addListOptions, type ListOptions } from "../options/list-options.ts";
import { oneOf } from "../options/option-values.ts";
import { formatDeliveries, toDeliveryJson } from "../output/delivery-view.ts";
import { formatJson } from "../output/json.ts";
import { collect, eachItem, firstItems, PAGE_SIZE } from "../platform/pages.ts";
import { type Platform, withPlatform } from "../platform/platform.ts";

type DeliveryListOptions = ListOptions & {
  readonly subscription: string;
  readonly event: string;
  readonly state?: State;
};

const STATES = { waiting: State.STATE_WAITING, delivered: State.STATE_DELIVERED, dead: State.STATE_DEAD };

const EXAMPLES = `
Examples:
  $ postrider deliveries list --event evt_01j...
  $ postrider deliveries list --subscription sub_01j... --state dead
  $ postrider deliveries list --tenant acme --state waiting --json | jq -r .id
`;

/** `deliveries list`: by what the ledger has an index for, newest first. */
export function addDeliveriesList(deliveries: Command, { config, stdout }: CliContext): void {
  addListOptions(deliveries.command("list"))
    .description("show the newest deliveries")
    .option("--subscription <id>", "only those to one subscription", "")
    .option("--event <id>", "only those of one event", "")
    .option("--state <state>", `only those that are ${Object.keys(STATES).join(", ")}`, oneOf<State>(STATES))
    .addHelpText("after", EXAMPLES)
    .action(async (options: DeliveryListOptions, command: Command) => {
      const globals = readGlobalOptions(command, config);
      await withPlatform(globals, async (platform) => {
        const found = firstItems(eachDelivery(platform, options), options.limit);
        if (!globals.json) stdout.write(formatDeliveries(await collect(found)));
        else for await (const delivery of found) stdout.write(formatJson(toDeliveryJson(delivery)));
      });
    });
}

function eachDelivery(
  { listDeliveries }: Platform,
  { tenant: tenantId, subscription: subscriptionId, event: eventId, state, from, to, limit }: DeliveryListOptions,
): AsyncGenerator<Delivery> {
  const filter = { tenantId, subscriptionId, eventId, state: state ?? State.STATE_UNSPECIFIED, from, to };
  return eachItem(async (pageToken) => {
    const page = { pageSize: Math.min(limit, PAGE_SIZE), pageToken };
    const { deliveries, nextPageToken } = await listDeliveries({ ...filter, ...page });
    return { items: deliveries, nextPageToken };
  });
}
