import type { AcceptedEvent } from "@postrider/contracts/postrider/v1/delivery";
import type { Command } from "commander";
import type { CliContext } from "../cli-context.ts";
import { readGlobalOptions } from "../options/global-options.ts";
import { addListOptions, type ListOptions } from "../options/list-options.ts";
import { formatEvents, toEventJson } from "../output/event-view.ts";
import { formatJson } from "../output/json.ts";
import { collect, eachItem, firstItems, PAGE_SIZE } from "../platform/pages.ts";
import { type Platform, withPlatform } from "../platform/platform.ts";

type EventListOptions = ListOptions & { readonly type: string };

const EXAMPLES = `
Examples:
  $ postrider events list --tenant acme --type order_paid
  $ postrider events list --from 2030-01-31T12:00:00Z --limit 1000 --json | jq -r .id
`;

/** `events list`: what was accepted, newest first, without data. */
export function addEventsList(events: Command, { config, stdout }: CliContext): void {
  addListOptions(events.command("list"))
    .description("show the newest events")
    .option("--type <name>", "only those of one type; needs --tenant", "")
    .addHelpText("after", EXAMPLES)
    .action(async (options: EventListOptions, command: Command) => {
      const globals = readGlobalOptions(command, config);
      await withPlatform(globals, async (platform) => {
        const found = firstItems(eachEvent(platform, options), options.limit);
        if (!globals.json) stdout.write(formatEvents(await collect(found)));
        else for await (const event of found) stdout.write(formatJson(toEventJson(event)));
      });
    });
}

function eachEvent(
  { listEvents }: Platform,
  { tenant: tenantId, type, from, to, limit }: EventListOptions,
): AsyncGenerator<AcceptedEvent> {
  return eachItem(async (pageToken) => {
    const page = { pageSize: Math.min(limit, PAGE_SIZE), pageToken };
    const { events, nextPageToken } = await listEvents({ tenantId, type, from, to, ...page });
    return { items: events, nextPageToken };
  });
}
