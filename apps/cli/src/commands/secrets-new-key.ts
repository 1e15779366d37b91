import { randomBytes } from "node:crypto";
import { createMasterKey } from "@postrider/kit-secrets";
import type { Command } from "commander";
import type { CliContext } from "../cli-context.ts";
import { UsageError } from "../failures.ts";

const EXAMPLES = `
The first key of POSTRIDER_MASTER_KEYS, or of the file that POSTRIDER_MASTER_KEYS_FILE names, encrypts; the others only decrypt.
To change it: put the new key last, on every instance; then first, on every instance; run \`postrider secrets rewrap\`; remove the old one.

Examples:
  $ postrider secrets new-key --id 2030-01 >> master-keys
  $ POSTRIDER_MASTER_KEYS=$(postrider secrets new-key) node apps/subscription/src/main.ts
`;

/** `secrets new-key`: prints a fresh master key; asks nobody. */
export function addSecretsNewKey(secrets: Command, { stdout }: CliContext): void {
  secrets
    .command("new-key")
    .description("print a new master key, as id:key")
    .option("--id <id>", "1 to 32 letters, digits, - or _ (default: a random one)")
    .addHelpText("after", EXAMPLES)
    .action(({ id }: { id?: string }) => {
      try {
        stdout.write(`${createMasterKey(randomBytes, id)}\n`);
      } catch (error) {
        if (error instanceof RangeError) throw new UsageError(error.message);
        throw error;
      }
    });
}
