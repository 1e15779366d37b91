import { readFile } from "node:fs/promises";
import type { Event } from "@postrider/contracts/postrider/v1/ingest";
import type { Command } from "commander";
import type { CliContext } from "../cli-context.ts";
import { UsageError } from "../failures.ts";
import { readGlobalOptions } from "../options/global-options.ts";
import { moment } from "../options/option-values.ts";
import { formatJson } from "../output/json.ts";
import { toPrintable } from "../output/printable.ts";
import { withPlatform } from "../platform/platform.ts";

interface PublishOptions {
  readonly tenant: string;
  readonly data: string;
  readonly id?: string;
  readonly source?: string;
  readonly time?: Date;
  readonly orderingKey?: string;
  readonly contentType?: string;
}

/** The platform's own limit of an event's data. */
const MAX_DATA_BYTES = 256 * 1024;

const JSON_TYPE = /^application\/([\w.+-]+\+)?json\s*(;|$)/i;

const EXAMPLES = `
Examples:
  $ postrider publish order_paid --tenant acme --data '{"order_id":"o_1","amount":1299,"currency":"EUR"}'
  $ postrider publish order_paid --tenant acme --data @order.json --id evt_1 --ordering-key o_1
  $ jq .order export.json | postrider publish order_paid --tenant acme --data -
`;

/** `publish`: done when the event is durable. */
export function addPublish(program: Command, { config, stdin, stdout }: CliContext): void {
  program
    .command("publish")
    .description("publish one event; it is durable when this says so")
    .argument("<type>", "its event type, such as order_paid")
    .requiredOption("--tenant <id>", "who receives")
    .requiredOption("--data <data>", "the data itself, @FILE, or - for standard input; carried byte for byte")
    .option("--id <id>", "publishing an id again within 10 minutes delivers once (default: a new one)")
    .option("--source <uri>", "who says so")
    .option("--time <time>", "when it happened: 2030-01-31T12:00:00Z (default: now)", moment)
    .option("--ordering-key <key>", "events of one key stay together")
    .option("--content-type <type>", "of the data (default: application/json)")
    .addHelpText("after", EXAMPLES)
    .action(async (type: string, options: PublishOptions, command: Command) => {
      const globals = readGlobalOptions(command, config);
      const event = toEvent(type, options, await readEventData(options.data, stdin));
      await withPlatform(globals, async (platform) => {
        const { eventId, acceptedAt } = await platform.publish({ event });
        const accepted = { eventId, acceptedAt: acceptedAt?.toISOString() };
        stdout.write(globals.json ? formatJson(accepted) : `published ${toPrintable(eventId)}\n`);
      });
    });
}

function toEvent(type: string, options: PublishOptions, data: Buffer): Event {
  const contentType = options.contentType ?? "";
  const isJson = contentType === "" || JSON_TYPE.test(contentType);
  return {
    id: options.id ?? "",
    tenantId: options.tenant,
    type,
    time: options.time,
    source: options.source ?? "",
    data: isJson ? { $case: "jsonData", value: parseJsonText(data) } : { $case: "binaryData", value: data },
    contentType,
    orderingKey: options.orderingKey ?? "",
  };
}

/** The text as it is, once it is known to be JSON. */
function parseJsonText(data: Buffer): string {
  const text = data.toString("utf8");
  try {
    JSON.parse(text);
    return text;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UsageError(`--data is not JSON (${reason}); name another kind with --content-type`);
  }
}

async function readEventData(data: string, stdin: CliContext["stdin"]): Promise<Buffer> {
  if (data === "-") return await readAll(stdin);
  if (!data.startsWith("@")) return assertSize(Buffer.from(data));
  try {
    return assertSize(await readFile(data.slice(1)));
  } catch (error) {
    if (error instanceof UsageError || !(error instanceof Error)) throw error;
    throw new UsageError(`can't read --data ${data}: ${error.message}`);
  }
}

async function readAll(stdin: CliContext["stdin"]): Promise<Buffer> {
  let data = Buffer.alloc(0);
  for await (const chunk of stdin) data = assertSize(Buffer.concat([data, Buffer.from(chunk as Buffer)]));
  return data;
}

function assertSize<Bytes extends Buffer>(data: Bytes): Bytes {
  if (data.length <= MAX_DATA_BYTES) return data;
  throw new UsageError(`--data has more than ${MAX_DATA_BYTES} bytes, the most that an event carries`);
}
