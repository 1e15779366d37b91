import type { EventType } from "@postrider/contracts/postrider/v1/event_type";
import { UsageError } from "../failures.ts";
import { type Fields, YamlReader, type YamlValue } from "./yaml-reader.ts";

/** What the file tells of an event type; the rest is the platform's. */
export type CatalogEntry = Pick<EventType, "name" | "description" | "schema" | "examples" | "acknowledgement">;

const FILE_FIELDS = ["eventTypes"] as const;
const ENTRY_FIELDS = ["name", "description", "schema", "examples", "acknowledgement"] as const;
const EXAMPLE_FIELDS = ["name", "data"] as const;

/** As in the API. */
const NAME = /^[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z0-9_]+)*$/;
const MAX_NAME_CHARACTERS = 128;

/**
 * Reads a catalog in YAML (or JSON, which YAML contains).
 * @param path only for messages
 * @throws UsageError with a line for everything that is wrong: line number, path in the file, and what is expected
 */
export function parseCatalogFile(text: string, path: string): readonly CatalogEntry[] {
  const reader = new YamlReader(text);
  const file = reader.root && reader.fields(reader.root, FILE_FIELDS);
  const values = file ? reader.items(reader.required(file, "eventTypes")) : [];
  const entries = values.map((value) => readEntry(reader, value));
  assertDistinct(reader, values, entries);
  if (reader.problems.length > 0)
    throw new UsageError(`${path} is not a catalog; nothing was applied`, reader.problems);
  return entries;
}

function readEntry(reader: YamlReader, value: YamlValue): CatalogEntry {
  const fields = reader.fields(value, ENTRY_FIELDS);
  return {
    name: readName(reader, fields),
    description: reader.text(fields.description),
    schema: readSchema(reader, fields.schema),
    examples: reader.items(fields.examples).map((example) => readExample(reader, example)),
    acknowledgement: reader.text(fields.acknowledgement),
  };
}

function readName(reader: YamlReader, fields: Fields<(typeof ENTRY_FIELDS)[number]>): string {
  const value = reader.required(fields, "name");
  const name = reader.text(value);
  if (value && (!NAME.test(name) || name.length > MAX_NAME_CHARACTERS)) {
    reader.report(
      value,
      `"${name}" is not a name such as order_paid or order.paid of up to ${MAX_NAME_CHARACTERS} characters`,
    );
  }
  return name;
}

function readSchema(reader: YamlReader, value: YamlValue | undefined): string {
  if (!value) return "";
  const schema = reader.json(value);
  const isSchema =
    typeof schema === "boolean" || (typeof schema === "object" && schema !== null && !Array.isArray(schema));
  if (!isSchema) reader.report(value, "a JSON Schema is a mapping");
  return JSON.stringify(schema);
}

function readExample(reader: YamlReader, value: YamlValue): CatalogEntry["examples"][number] {
  const fields = reader.fields(value, EXAMPLE_FIELDS);
  const data = reader.required(fields, "data");
  return { name: reader.text(reader.required(fields, "name")), data: data ? JSON.stringify(reader.json(data)) : "" };
}

function assertDistinct(reader: YamlReader, values: readonly YamlValue[], entries: readonly CatalogEntry[]): void {
  const seen = new Set<string>();
  for (const [index, { name }] of entries.entries()) {
    const value = values[index];
    if (value && name && seen.has(name)) reader.report(value, `${name} is described twice`);
    seen.add(name);
  }
}
