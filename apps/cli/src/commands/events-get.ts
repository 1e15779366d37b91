import type { Command } from "commander";
import type { CliContext } from "../cli-context.ts";
import { readGlobalOptions } from "../options/global-options.ts";
import { moment } from "../options/option-values.ts";
import { formatEvent, toEventJson } from "../output/event-view.ts";
import { formatJson } from "../output/json.ts";
import { withPlatform } from "../platform/platform.ts";

const EXAMPLES = `
Examples:
  $ postrider events get evt_01j...
  $ postrider events get evt_01j... --json | jq .data
`;

/** `events get`: what was published, with its data. */
export function addEventsGet(events: Command, { config, stdout }: CliContext): void {
  events
    .command("get")
    .description("show one, with its data")
    .argument("<id>", "such as evt_...")
    .option("--accepted <time>", "of an id that was published more than once: which (default: the last one)", moment)
    .addHelpText("after", EXAMPLES)
    .action(async (id: string, { accepted: acceptTime }: { accepted?: Date }, command: Command) => {
      const globals = readGlobalOptions(command, config);
      await withPlatform(globals, async (platform) => {
        const { event } = await platform.getEvent({ id, acceptTime });
        if (!event) throw new Error("the platform answered without an event");
        stdout.write(globals.json ? formatJson(toEventJson(event)) : formatEvent(event));
      });
    });
}
