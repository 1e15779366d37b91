import { randomBytes } from "node:crypto";
import type { Command } from "commander";
import type { CliContext } from "../cli-context.ts";
import { readGlobalOptions } from "../options/global-options.ts";
import { formatJson } from "../output/json.ts";
import { formatFields } from "../output/table.ts";

const EXAMPLES = `
The first token of a platform, which no other could make, and those of its own services stand in a file:

  $ postrider tokens generate
  $ cat tokens.json
  {"callers": [{"name": "operator", "sha256": "...", "scopes": ["publish", "manage", "read", "operate"]}]}
  $ POSTRIDER_TOKENS_FILE=tokens.json npm start
`;

/** `tokens generate`: asks nobody; whoever puts the hash into POSTRIDER_TOKENS_FILE makes it a token. */
export function addTokensGenerate(tokens: Command, { config, stdout }: CliContext): void {
  tokens
    .command("generate")
    .description("make a token for POSTRIDER_TOKENS_FILE, without asking the platform")
    .addHelpText("after", EXAMPLES)
    .action(async (_, command: Command) => {
      // Only here: the other commands start faster without it.
      const { createAccessToken, hashToken } = await import("@postrider/kit-access");
      const token = createAccessToken(randomBytes);
      const generated = { token, sha256: hashToken(token) };
      const { json } = readGlobalOptions(command, config);
      stdout.write(json ? formatJson(generated) : formatFields(Object.entries(generated)));
    });
}
