import type { AccessToken } from "@postrider/contracts/postrider/v1/access";
import type { Command } from "commander";
import type { CliContext } from "../cli-context.ts";
import { readGlobalOptions } from "../options/global-options.ts";
import { formatTokens, toTokenJson } from "../output/access-token-view.ts";
import { formatJson } from "../output/json.ts";
import { collect, eachItem, PAGE_SIZE } from "../platform/pages.ts";
import { type Platform, withPlatform } from "../platform/platform.ts";

const EXAMPLES = `
Examples:
  $ postrider tokens list
  $ postrider tokens list --json | jq -r 'select(.lastUseTime == null) | .id'
`;

/** `tokens list`: every token that was made, without itself; those of POSTRIDER_TOKENS_FILE are not among them. */
export function addTokensList(tokens: Command, { config, stdout }: CliContext): void {
  tokens
    .command("list")
    .description("show the tokens, revoked and expired ones too")
    .addHelpText("after", EXAMPLES)
    .action(async (_, command: Command) => {
      const globals = readGlobalOptions(command, config);
      await withPlatform(globals, async (platform) => {
        const found = eachToken(platform);
        // JSON goes out as the pages come; columns can only be aligned when all is known.
        if (!globals.json) stdout.write(formatTokens(await collect(found), new Date()));
        else for await (const token of found) stdout.write(formatJson(toTokenJson(token)));
      });
    });
}

function eachToken({ listAccessTokens }: Platform): AsyncGenerator<AccessToken> {
  return eachItem(async (pageToken) => {
    const { accessTokens, nextPageToken } = await listAccessTokens({ pageSize: PAGE_SIZE, pageToken });
    return { items: accessTokens, nextPageToken };
  });
}
