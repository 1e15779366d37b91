import { Command } from "commander";
import type { CliContext } from "./cli-context.ts";
import { addCatalogApply } from "./commands/catalog-apply.ts";
import { addCatalogList } from "./commands/catalog-list.ts";
import { addDeliveriesGet } from "./commands/deliveries-get.ts";
import { addDeliveriesList } from "./commands/deliveries-list.ts";
import { addEventsGet } from "./commands/events-get.ts";
import { addEventsList } from "./commands/events-list.ts";
import { addPublish } from "./commands/publish.ts";
import { addReceive } from "./commands/receive.ts";
import { addSecretsNewKey } from "./commands/secrets-new-key.ts";
import { addSecretsRewrap } from "./commands/secrets-rewrap.ts";
import { addSecretsStatus } from "./commands/secrets-status.ts";
import { addSubscriptionsCreate } from "./commands/subscriptions-create.ts";
import { addSubscriptionsDelete } from "./commands/subscriptions-delete.ts";
import { addSubscriptionsDisable } from "./commands/subscriptions-disable.ts";
import { addSubscriptionsGet } from "./commands/subscriptions-get.ts";
import { addSubscriptionsList } from "./commands/subscriptions-list.ts";
import { addSubscriptionsPause } from "./commands/subscriptions-pause.ts";
import { addSubscriptionsResume } from "./commands/subscriptions-resume.ts";
import { addSubscriptionsRotateSecret } from "./commands/subscriptions-rotate-secret.ts";
import { addSubscriptionsVerify } from "./commands/subscriptions-verify.ts";
import { addTokensCreate } from "./commands/tokens-create.ts";
import { addTokensGenerate } from "./commands/tokens-generate.ts";
import { addTokensList } from "./commands/tokens-list.ts";
import { addTokensRevoke } from "./commands/tokens-revoke.ts";
import { addGlobalOptionsToAll } from "./options/global-options.ts";
import { EXIT, reportFailure } from "./report-failure.ts";

const EXIT_CODES = `
Exit codes:
  0  done
  1  the platform refused: not found, wrong state, ...
  2  wrong use, or an invalid argument
  3  the platform can't be reached
  4  receive --count: a webhook was not signed with the secret

Begin with:
  $ postrider catalog apply -f examples/catalog.yaml
  $ postrider receive --create --tenant acme --events 'order_paid,user_registered'
  $ postrider publish order_paid --tenant acme --data @order.json
`;

/** The whole command line, wired by hand: a file per command. */
function createCli(context: CliContext): Command {
  const program = new Command("postrider")
    .description(
      "Deliver webhooks: describe events, subscribe to them, publish them, and receive them while you try it out",
    )
    .exitOverride()
    .configureOutput({
      writeOut: (text) => context.stdout.write(text),
      writeErr: (text) => context.stderr.write(text),
    })
    // So that `create --timeout` is the subscription's and `postrider --timeout create` is the call's.
    .enablePositionalOptions()
    .showHelpAfterError("(add --help for what is possible)")
    .addHelpText("after", EXIT_CODES);

  const catalog = program.command("catalog").description("The event types that the platform tells");
  addCatalogApply(catalog, context);
  addCatalogList(catalog, context);

  const subscriptions = program.command("subscriptions").description("Who gets which events, and where");
  addSubscriptionsCreate(subscriptions, context);
  addSubscriptionsList(subscriptions, context);
  addSubscriptionsGet(subscriptions, context);
  addSubscriptionsPause(subscriptions, context);
  addSubscriptionsDisable(subscriptions, context);
  addSubscriptionsResume(subscriptions, context);
  addSubscriptionsVerify(subscriptions, context);
  addSubscriptionsDelete(subscriptions, context);
  addSubscriptionsRotateSecret(subscriptions, context);

  const secrets = program.command("secrets").description("The master keys that signing secrets are encrypted under");
  addSecretsNewKey(secrets, context);
  addSecretsStatus(secrets, context);
  addSecretsRewrap(secrets, context);

  const tokens = program.command("tokens").description("Who may call the platform, to do what");
  addTokensCreate(tokens, context);
  addTokensList(tokens, context);
  addTokensRevoke(tokens, context);
  addTokensGenerate(tokens, context);

  const events = program.command("events").description("What was published, newest first");
  addEventsList(events, context);
  addEventsGet(events, context);

  const deliveries = program
    .command("deliveries")
    .description("What became of it at each subscription: did they get it?");
  addDeliveriesList(deliveries, context);
  addDeliveriesGet(deliveries, context);

  addPublish(program, context);
  addReceive(program, context);
  addGlobalOptionsToAll(program);
  return program;
}

/** Runs one command line, without the program's name. Never throws: resolves with the exit code. */
export async function runCli(args: readonly string[], context: CliContext): Promise<number> {
  try {
    await createCli(context).parseAsync(args, { from: "user" });
    return EXIT.ok;
  } catch (error) {
    return reportFailure(error, context.stderr);
  }
}
