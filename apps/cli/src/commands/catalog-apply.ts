import { isDeepStrictEqual } from "node:util";
import type { EventType } from "@postrider/contracts/postrider/v1/event_type";
import { readErrorDetails } from "@postrider/kit-rpc";
import type { Command } from "commander";
import { type CatalogEntry, parseCatalogFile } from "../catalog-file/parse-catalog-file.ts";
import { readCatalogFile } from "../catalog-file/read-catalog-file.ts";
import type { CliContext } from "../cli-context.ts";
import { CallFailure, SubjectFailure } from "../failures.ts";
import { readGlobalOptions } from "../options/global-options.ts";
import { formatJson, parseJsonOrText } from "../output/json.ts";
import { formatTable } from "../output/table.ts";
import { type Platform, withPlatform } from "../platform/platform.ts";

interface Applied {
  readonly name: string;
  readonly outcome: "created" | "updated" | "unchanged";
  readonly version: number;
}

const EXAMPLES = `
Examples:
  $ postrider catalog apply -f examples/catalog.yaml
  $ postrider catalog apply -f catalog.yaml --json | jq -r 'select(.outcome != "unchanged") | .name'

The file:
  eventTypes:
    - name: order_paid
      description: An order was paid in full.
      schema: { type: object, required: [order_id], properties: { order_id: { type: string } } }
      examples:
        - { name: small, data: { order_id: o_1 } }
      acknowledgement: '{"status":"success","message":"..."}'
`;

/** `catalog apply`: makes the catalog as the file says; event types that are not in the file stay as they are. */
export function addCatalogApply(catalog: Command, { config, stdout }: CliContext): void {
  catalog
    .command("apply")
    .description("create what is missing and update what differs; nothing is applied if the file has an error")
    .requiredOption("-f, --file <path>", "the catalog in YAML")
    .addHelpText("after", EXAMPLES)
    .action(async ({ file }: { file: string }, command: Command) => {
      const globals = readGlobalOptions(command, config);
      const entries = parseCatalogFile(await readCatalogFile(file), file);
      const applied: Applied[] = [];
      try {
        await withPlatform(globals, async (platform) => {
          for (const entry of entries) applied.push(await applyEntry(platform, entry));
        });
      } finally {
        // Also when the platform refused one: what was applied before it stays applied.
        if (globals.json) for (const one of applied) stdout.write(formatJson(one));
        else if (applied.length > 0) stdout.write(formatApplied(applied));
      }
    });
}

async function applyEntry(platform: Platform, entry: CatalogEntry): Promise<Applied> {
  const current = await findEventType(platform, entry.name);
  if (current && isSame(current, entry)) {
    return { name: entry.name, outcome: "unchanged", version: current.version };
  }
  try {
    const { eventType } = current
      ? await platform.updateEventType({ eventType: { ...current, ...entry }, updateMask: undefined })
      : await platform.createEventType({ eventType: encodeNew(entry) });
    return { name: entry.name, outcome: current ? "updated" : "created", version: eventType?.version ?? 0 };
  } catch (error) {
    // The platform does not know which of the file's entries it refused.
    throw new SubjectFailure(entry.name, error);
  }
}

async function findEventType({ getEventType }: Platform, name: string): Promise<EventType | undefined> {
  try {
    return (await getEventType({ name })).eventType;
  } catch (error) {
    if (error instanceof CallFailure && readErrorDetails(error.cause).code === "NOT_FOUND") return undefined;
    throw error;
  }
}

/** JSON is compared by value: the server may write it in another order or with other white space. */
function isSame(current: EventType, entry: CatalogEntry): boolean {
  return isDeepStrictEqual(comparable(current), comparable(entry));
}

function comparable({ description, schema, examples, acknowledgement }: CatalogEntry): unknown {
  return {
    description,
    schema: parseJsonOrText(schema),
    examples: examples.map(({ name, data }) => ({ name, data: parseJsonOrText(data) })),
    acknowledgement,
  };
}

function encodeNew(entry: CatalogEntry): EventType {
  return { ...entry, deprecated: false, version: 0, createTime: undefined, updateTime: undefined };
}

function formatApplied(applied: readonly Applied[]): string {
  const rows = applied.map(({ name, outcome, version }) => [name, outcome, String(version)]);
  return formatTable(["name", "outcome", "version"], rows);
}
