import type { Command } from "commander";
import type { CliContext } from "../cli-context.ts";
import { readGlobalOptions } from "../options/global-options.ts";
import { formatJson } from "../output/json.ts";
import { formatTable } from "../output/table.ts";
import { withPlatform } from "../platform/platform.ts";

/** `secrets status`: how many secrets are under which master key. */
export function addSecretsStatus(secrets: Command, { config, stdout }: CliContext): void {
  secrets
    .command("status")
    .description("how many secrets are encrypted under which master key: one that has none may be removed")
    .addHelpText("after", "\nExample:\n  $ postrider secrets status\n")
    .action(async (_, command: Command) => {
      const globals = readGlobalOptions(command, config);
      await withPlatform(globals, async (platform) => {
        const { currentKeyId, keys } = await platform.getMasterKeyUsage({});
        const usage = keys.map(({ id, secrets: count, known }) => ({ id, secrets: Number(count), known }));
        if (globals.json) {
          stdout.write(formatJson({ currentKeyId, keys: usage }));
          return;
        }
        const describe = (id: string, known: boolean): string =>
          id === currentKeyId ? "encrypts" : known ? "decrypts" : "MISSING";
        stdout.write(
          formatTable(
            ["key", "secrets", "this instance"],
            usage.map(({ id, secrets: count, known }) => [id, String(count), describe(id, known)]),
          ),
        );
      });
    });
}
