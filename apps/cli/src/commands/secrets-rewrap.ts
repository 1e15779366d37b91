import type { Command } from "commander";
import type { CliContext } from "../cli-context.ts";
import { readGlobalOptions } from "../options/global-options.ts";
import { formatJson } from "../output/json.ts";
import { withPlatform } from "../platform/platform.ts";

/** Few enough that a page ends long before a call's deadline. */
const PAGE_SIZE = 500;

const EXAMPLES = `
Interrupted, it can be begun again; nothing is done twice. Run it after the new key is the first one on every instance.

Example:
  $ postrider secrets rewrap && postrider secrets status
`;

/** `secrets rewrap`: encrypts all that is under another master key under the current one. */
export function addSecretsRewrap(secrets: Command, { config, stdout, stderr }: CliContext): void {
  secrets
    .command("rewrap")
    .description("encrypt every secret under the first master key, so that the others may be removed")
    .addHelpText("after", EXAMPLES)
    .action(async (_, command: Command) => {
      const globals = readGlobalOptions(command, config);
      await withPlatform(globals, async (platform) => {
        const unreadable = new Set<string>();
        let rewrapped = 0;
        let pageToken = "";
        do {
          const page = await platform.rewrapSecrets({ pageSize: PAGE_SIZE, pageToken });
          rewrapped += page.rewrapped;
          for (const id of page.unreadableSubscriptionIds) unreadable.add(id);
          pageToken = page.nextPageToken;
          if (pageToken !== "") stderr.write(`${rewrapped} so far\n`);
        } while (pageToken !== "");
        const { currentKeyId } = await platform.getMasterKeyUsage({});
        const subscriptions = [...unreadable];
        if (globals.json) stdout.write(formatJson({ rewrapped, currentKeyId, unreadableSubscriptions: subscriptions }));
        else stdout.write(`${rewrapped} secrets moved to master key ${currentKeyId}\n`);
        if (subscriptions.length === 0) return;
        throw new Error(`secrets that can't be decrypted were left as they are, of ${subscriptions.join(", ")}`);
      });
    });
}
