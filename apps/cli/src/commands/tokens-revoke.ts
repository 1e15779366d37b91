import type { Command } from "commander";
import type { CliContext } from "../cli-context.ts";
import { readGlobalOptions } from "../options/global-options.ts";
import { toTokenJson } from "../output/access-token-view.ts";
import { formatJson } from "../output/json.ts";
import { toPrintable } from "../output/printable.ts";
import { withPlatform } from "../platform/platform.ts";

/** `tokens revoke`: for good, and within a second or so. */
export function addTokensRevoke(tokens: Command, { config, stdout }: CliContext): void {
  tokens
    .command("revoke")
    .description("make it worthless, for good")
    .argument("<id>", "such as tok_...")
    .addHelpText("after", "\nExample:\n  $ postrider tokens revoke tok_01J...\n")
    .action(async (id: string, _, command: Command) => {
      const globals = readGlobalOptions(command, config);
      await withPlatform(globals, async (platform) => {
        const { accessToken } = await platform.revokeAccessToken({ id });
        if (!accessToken) throw new Error("the platform answered without an access token");
        stdout.write(globals.json ? formatJson(toTokenJson(accessToken)) : `revoked ${toPrintable(id)}\n`);
      });
    });
}
