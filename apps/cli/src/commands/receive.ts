import type { SignatureKind } from "@postrider/contracts/postrider/v1/subscription";
import { type Command, Option } from "commander";
import type { CliContext } from "../cli-context.ts";
import { UsageError } from "../failures.ts";
import { type GlobalOptions, readGlobalOptions } from "../options/global-options.ts";
import { commaSeparated, integer } from "../options/option-values.ts";
import { addSignatureOption } from "../options/subscription-options.ts";
import { formatJson } from "../output/json.ts";
import { withPlatform } from "../platform/platform.ts";
import { listenForInterruption } from "../receive/interruption.ts";
import { type OwnSubscription, withOwnSubscription } from "../receive/own-subscription.ts";
import { formatWebhook, toWebhookJson } from "../receive/received-webhook.ts";
import { startReceiver } from "../receive/receiver.ts";
import { createVerify, type Verify } from "../receive/verify-webhook.ts";
import { createWebhookCount } from "../receive/webhook-count.ts";

interface ReceiveOptions {
  readonly host: string;
  readonly port: number;
  readonly secret?: string;
  readonly fail: number;
  readonly status: number;
  readonly hang?: true;
  /** Milliseconds. */
  readonly slow: number;
  readonly count?: number;
  readonly create?: true;
  readonly tenant?: string;
  readonly events?: readonly string[];
  readonly signature?: SignatureKind;
}

const EXAMPLES = `
It prints \`ready URL\` when it listens (with --json on standard error, so that standard output is JSON only).

Examples:
  $ POSTRIDER_SECRET=whsec_... postrider receive --port 3000
  $ postrider receive --create --tenant acme --events 'order_paid,user_registered'
  $ postrider receive --create --tenant acme --events order_paid --fail 2 --count 3
  $ postrider receive --secret whsec_... --json --count 1 | jq .body.data
`;

/** `receive`: a webhook receiver on this machine that verifies, prints, and misbehaves on request. */
export function addReceive(program: Command, context: CliContext): void {
  addSignatureOption(program.command("receive"), "hmac-sha256, with --create")
    .description("receive webhooks on this machine, verify them, and print them")
    .option("--host <host>", "where to listen", "127.0.0.1")
    .option("--port <port>", "0 takes a free one", integer(0, 65_535), 3000)
    .option("--secret <secret>", "whsec_... or whpk_..., what to verify with (default: $POSTRIDER_SECRET)")
    .option("--fail <n>", "answer 500 to the first n", integer(0, 1_000_000), 0)
    .option("--status <code>", "answer with this status", integer(200, 599), 200)
    .option("--hang", "never answer")
    .option("--slow <ms>", "answer after this many milliseconds", integer(0, 3_600_000), 0)
    .option("--count <n>", "end after n webhooks: 0 if all were verified, 4 if not", integer(1, 1_000_000))
    .addOption(
      new Option("--create", "subscribe this receiver while it runs, with --tenant and --events").conflicts("secret"),
    )
    .option("--tenant <id>", "whose events, with --create")
    .option("--events <list>", "event types or patterns, with --create", commaSeparated)
    .addHelpText("after", EXAMPLES)
    .action(async (options: ReceiveOptions, command: Command) => {
      await receive(options, readGlobalOptions(command, context.config), context);
    });
}

async function receive(options: ReceiveOptions, globals: GlobalOptions, context: CliContext): Promise<void> {
  const { stdout, stderr } = context;
  const target = readTarget(options);
  const secret = target ? undefined : (options.secret ?? context.config.secret);
  const verify = createVerify(secret);
  const interrupted = listenForInterruption();
  const count = createWebhookCount(options.count);
  const hints = globals.json ? stderr : stdout;
  const receiver = await startReceiver({
    ...options,
    answers: { failFirst: options.fail, status: options.status, hang: options.hang ?? false, slowMs: options.slow },
    onWebhook: (webhook) => stdout.write(globals.json ? formatJson(toWebhookJson(webhook)) : formatWebhook(webhook)),
    onAgreement: ({ kind }) => hints.write(`agreed to deliveries (${kind})\n`),
    onDone: count.add,
  });

  async function run(verifyNow: Verify): Promise<void> {
    receiver.verifyWith(verifyNow);
    hints.write(`ready ${receiver.url}\n`);
    await count.wait(interrupted);
  }

  try {
    if (target) {
      await withPlatform(globals, async (platform) => {
        await withOwnSubscription(platform, { ...target, url: receiver.url }, async (subscription) => {
          hints.write(`subscribed ${subscription.id} to ${subscription.eventTypes.join(", ")}\n`);
          await run(createVerify(subscription.secret || subscription.publicKeys[0]?.key));
        });
      });
    } else {
      if (secret === undefined) stderr.write("without --secret nothing is verified\n");
      await run(verify);
    }
  } finally {
    await receiver.close();
  }
}

/** Whose events the receiver subscribes to, if it does. */
function readTarget({ create, tenant, events, signature }: ReceiveOptions): Omit<OwnSubscription, "url"> | undefined {
  if (create && tenant !== undefined && events !== undefined)
    return { tenant, events, ...(signature && { signature }) };
  if (create) throw new UsageError("--create needs --tenant and --events");
  if (tenant !== undefined || events !== undefined) throw new UsageError("--tenant and --events go with --create");
  if (signature !== undefined) throw new UsageError("--signature goes with --create: otherwise the secret says it");
  return undefined;
}
