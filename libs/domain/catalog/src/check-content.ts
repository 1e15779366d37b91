import {
  isEventTypeName,
  isOperationalType,
  MAX_EVENT_TYPE_CHARS,
  quote,
  type Violation,
} from "@postrider/domain-event";
import type { EventTypeContent, Example } from "./event-type.ts";

const MAX_TEXT_CHARS = 4096;
const MAX_SCHEMA_BYTES = 64 * 1024;
const MAX_EXAMPLES = 20;
const MAX_EXAMPLE_NAME_CHARS = 128;
/** Of all examples together: with the schema they keep an entry small enough for a page of many. */
const MAX_EXAMPLE_BYTES = 64 * 1024;

const encoder = new TextEncoder();

/** Empty when the name is one that events and subscriptions can have. */
export function checkName(name: string): readonly Violation[] {
  const field = "event_type.name";
  if (isOperationalType(name)) return [{ field, description: describeReserved(name) }];
  if (isEventTypeName(name)) return [];
  const description =
    `${quote(name)} is not an event type's name: dotted words such as order.paid, beginning with a letter, ` +
    `of up to ${MAX_EVENT_TYPE_CHARS} characters`;
  return [{ field, description }];
}

/** Why the name of one of Postrider's own event types can't be used. */
export function describeReserved(name: string): string {
  return `${quote(name)} is reserved: event types of postrider. are Postrider's own, and can't be made or changed`;
}

/** Everything that breaks a bound. That schema and examples fit each other is for a JSON Schema validator to say. */
export function checkContent({
  description,
  schema,
  examples,
  acknowledgement,
}: EventTypeContent): readonly Violation[] {
  return [
    ...checkSize("event_type.description", description.length, [MAX_TEXT_CHARS, "characters"]),
    ...checkSize("event_type.schema", countBytes(schema), [MAX_SCHEMA_BYTES, "bytes"]),
    ...checkExamples(examples),
    ...checkSize("event_type.acknowledgement", acknowledgement.length, [MAX_TEXT_CHARS, "characters"]),
  ];
}

function checkExamples(examples: readonly Example[]): readonly Violation[] {
  const field = "event_type.examples";
  if (examples.length > MAX_EXAMPLES) {
    return [{ field, description: `has ${examples.length} examples; at most ${MAX_EXAMPLES} are allowed` }];
  }
  const bytes = examples.reduce((sum, { data }) => sum + countBytes(data), 0);
  const names = examples.map(({ name }) => name);
  return [
    ...checkSize(field, bytes, [MAX_EXAMPLE_BYTES, "bytes of data"]),
    ...names.flatMap((name, index) => checkExampleName(`${field}[${index}].name`, name, names.indexOf(name) < index)),
  ];
}

function checkExampleName(field: string, name: string, isRepeated: boolean): readonly Violation[] {
  if (name === "") return [{ field, description: "is required" }];
  if (isRepeated) return [{ field, description: `${quote(name)} is there twice` }];
  return checkSize(field, name.length, [MAX_EXAMPLE_NAME_CHARS, "characters"]);
}

function checkSize(field: string, size: number, [most, unit]: readonly [number, string]): readonly Violation[] {
  return size <= most ? [] : [{ field, description: `has ${size} ${unit}; at most ${most} are allowed` }];
}

function countBytes(text: string): number {
  return encoder.encode(text).length;
}
