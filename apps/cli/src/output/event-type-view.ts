import type { EventType } from "@postrider/contracts/postrider/v1/event_type";
import { parseJsonOrText } from "./json.ts";
import { formatTable } from "./table.ts";

/** Longer descriptions are cut in the table. */
const MAX_DESCRIPTION_CHARACTERS = 60;

/** An event type as `--json` prints it: schema and examples as JSON values, not as text in text. */
export function toEventTypeJson(eventType: EventType): object {
  const { name, version, description, acknowledgement, deprecated } = eventType;
  return {
    name,
    version,
    description,
    deprecated,
    schema: eventType.schema ? parseJsonOrText(eventType.schema) : undefined,
    examples: eventType.examples.map((example) => ({ name: example.name, data: parseJsonOrText(example.data) })),
    acknowledgement,
    createTime: eventType.createTime?.toISOString(),
    updateTime: eventType.updateTime?.toISOString(),
  };
}

/** The catalog, for people: a line per event type. */
export function formatEventTypes(eventTypes: readonly EventType[]): string {
  if (eventTypes.length === 0)
    return "the catalog is empty: `postrider catalog apply -f examples/catalog.yaml` fills it\n";
  return formatTable(
    ["name", "version", "status", "description"],
    eventTypes.map(({ name, version, deprecated, description }) => [
      name,
      String(version),
      deprecated ? "deprecated" : "current",
      cut(description),
    ]),
  );
}

function cut(text: string): string {
  const line = text.replaceAll(/\s+/g, " ").trim();
  return line.length > MAX_DESCRIPTION_CHARACTERS ? `${line.slice(0, MAX_DESCRIPTION_CHARACTERS - 1)}…` : line;
}
