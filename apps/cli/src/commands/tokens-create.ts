import { AccessToken } from "@postrider/contracts/postrider/v1/access";
import type { Command } from "commander";
import type { CliContext } from "../cli-context.ts";
import { readGlobalOptions } from "../options/global-options.ts";
import { commaSeparated, expiry } from "../options/option-values.ts";
import { formatNewToken, toTokenJson } from "../output/access-token-view.ts";
import { formatJson } from "../output/json.ts";
import { withPlatform } from "../platform/platform.ts";

interface CreateOptions {
  readonly name: string;
  readonly scopes: string[];
  readonly tenant?: string;
  readonly expires?: Date;
  readonly printToken?: true;
}

const EXAMPLES = `
Scopes: publish (events), manage (subscriptions, catalog, tokens), read (them), operate (what services ask each other).
None includes another. A token can't make one that may do more.

Examples:
  $ postrider tokens create --name 'orders service' --scopes publish
  $ postrider tokens create --name 'acme console' --scopes manage,read --tenant acme --expires 90d
  $ TOKEN=$(postrider tokens create --name ci --scopes read --expires 1h --print-token)
`;

/** `tokens create`: shows the new token, this once. */
export function addTokensCreate(tokens: Command, { config, stdout }: CliContext): void {
  tokens
    .command("create")
    .description("make a token, and show it this once")
    .requiredOption("--name <text>", "who has it, for what; for people")
    .requiredOption("--scopes <list>", "what it may do: publish,manage,read,operate", commaSeparated)
    .option("--tenant <id>", "the one tenant whose things it may see and touch (default: all)")
    .option("--expires <duration or time>", "90d, or 2030-01-31T12:00:00Z (default: never)", expiry)
    .option("--print-token", "print the token and nothing else")
    .addHelpText("after", EXAMPLES)
    .action(async (options: CreateOptions, command: Command) => {
      const { name, scopes, tenant: tenantId = "", expires: expireTime, printToken } = options;
      const globals = readGlobalOptions(command, config);
      const asked = { ...AccessToken.decode(new Uint8Array()), name, scopes, tenantId, expireTime };
      await withPlatform(globals, async (platform) => {
        const { accessToken, token } = await platform.createAccessToken({ accessToken: asked });
        if (!accessToken) throw new Error("the platform answered without an access token");
        if (printToken) stdout.write(`${token}\n`);
        else if (globals.json) stdout.write(formatJson({ ...toTokenJson(accessToken), token }));
        else stdout.write(formatNewToken(accessToken, token));
      });
    });
}
