import type { EventType } from "@postrider/contracts/postrider/v1/event_type";
import type { Command } from "commander";
import type { CliContext } from "../cli-context.ts";
import { readGlobalOptions } from "../options/global-options.ts";
import { formatEventTypes, toEventTypeJson } from "../output/event-type-view.ts";
import { formatJson } from "../output/json.ts";
import { collect, eachItem, PAGE_SIZE } from "../platform/pages.ts";
import { type Platform, withPlatform } from "../platform/platform.ts";

/** `catalog list`: every event type; with --json also its schema and examples. */
export function addCatalogList(catalog: Command, { config, stdout }: CliContext): void {
  catalog
    .command("list")
    .description("show the event types")
    .addHelpText("after", "\nExamples:\n  $ postrider catalog list\n  $ postrider catalog list --json | jq .schema\n")
    .action(async (_, command: Command) => {
      const globals = readGlobalOptions(command, config);
      await withPlatform(globals, async (platform) => {
        const eventTypes = await collect(eachEventType(platform));
        if (!globals.json) stdout.write(formatEventTypes(eventTypes));
        else for (const eventType of eventTypes) stdout.write(formatJson(toEventTypeJson(eventType)));
      });
    });
}

function eachEventType({ listEventTypes }: Platform): AsyncGenerator<EventType> {
  return eachItem(async (pageToken) => {
    const { eventTypes, nextPageToken } = await listEventTypes({ pageSize: PAGE_SIZE, pageToken });
    return { items: eventTypes, nextPageToken };
  });
}
