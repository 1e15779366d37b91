import { SignatureKind } from "@postrider/contracts/postrider/v1/subscription";
import type { Command } from "commander";
import type { CliContext } from "../cli-context.ts";
import { encodeDuration } from "../duration.ts";
import { readGlobalOptions } from "../options/global-options.ts";
import { addSignatureOption } from "../options/subscription-options.ts";
import { durationMs } from "../options/option-values.ts";
import { printSubscription } from "../output/print-subscription.ts";
import { withPlatform } from "../platform/platform.ts";

interface RotateOptions {
  /** Milliseconds. */
  readonly overlap?: number;
  readonly signature?: SignatureKind;
  readonly printSecret?: true;
}

const EXAMPLES = `
Examples:
  $ postrider subscriptions rotate-secret sub_01J... --overlap 2d
  $ postrider subscriptions rotate-secret sub_01J... --signature ed25519
  $ SECRET=$(postrider subscriptions rotate-secret sub_01J... --print-secret)
`;

/** `subscriptions rotate-secret`: the old secret signs too until the overlap has passed. */
export function addSubscriptionsRotateSecret(subscriptions: Command, { config, stdout }: CliContext): void {
  addSignatureOption(subscriptions.command("rotate-secret"), "as it is now")
    .description("make a new secret; the old one signs too for a while")
    .argument("<id>", "such as sub_...")
    .option("--overlap <duration>", "how long the old one signs too: 0s to 7d (default: 24h)", durationMs)
    .option("--print-secret", "print what its receiver verifies with from now on, and nothing else")
    .addHelpText("after", EXAMPLES)
    .action(async (id: string, { overlap, signature, printSecret }: RotateOptions, command: Command) => {
      const globals = readGlobalOptions(command, config);
      await withPlatform(globals, async (platform) => {
        const request = {
          id,
          overlap: overlap === undefined ? undefined : encodeDuration(overlap),
          signature: signature ?? SignatureKind.SIGNATURE_KIND_UNSPECIFIED,
          secret: "",
        };
        const { subscription } = await platform.rotateSecret(request);
        printSubscription(subscription, { json: globals.json, onlySecret: printSecret ?? false }, stdout);
      });
    });
}
