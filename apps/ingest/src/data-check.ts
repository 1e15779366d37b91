import { isUtf8 } from "node:buffer";
import { isJsonContentType, type Violation } from "@postrider/domain-event";
import { compileJsonSchema, type Mismatch } from "@postrider/kit-json-schema";

/** Says what is wrong with an event's data; undefined when nothing is. */
export type DataCheck = (data: Uint8Array, contentType: string) => Violation | undefined;

/**
 * Makes the check of an event type's data from its JSON Schema 2020-12 (empty: any data). JSON must be JSON in any case,
 * since receivers get it spliced into an envelope.
 * @throws Error when the schema is none; the catalog refuses such schemas
 */
export function compileDataCheck(schema: string): DataCheck {
  const validate = schema === "" ? undefined : compileJsonSchema(schema);
  return (data, contentType) => {
    if (!isJsonContentType(contentType)) return validate && notJson(contentType);
    const parsed = parseJson(data);
    if (parsed.kind === "wrong") return { field: "event.data", description: parsed.description };
    const mismatch = validate?.(parsed.value);
    return mismatch && describeMismatch(mismatch);
  };
}

function notJson(contentType: string): Violation {
  const description = `${JSON.stringify(contentType)} is not JSON, but the event type has a JSON Schema`;
  return { field: "event.content_type", description };
}

function parseJson(data: Uint8Array): { kind: "json"; value: unknown } | { kind: "wrong"; description: string } {
  if (!isUtf8(data)) return { kind: "wrong", description: "is not JSON: its bytes are not UTF-8" };
  const text = Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("utf8");
  try {
    return { kind: "json", value: JSON.parse(text) as unknown };
  } catch (error) {
    return { kind: "wrong", description: `is not JSON: ${error instanceof Error ? error.message : String(error)}` };
  }
}

/** Of a path or a description: the data's own names are in it, which may be as long as the data, and broken. */
const MAX_SHOWN_CHARS = 256;

function describeMismatch({ path, message }: Mismatch): Violation {
  const shown = shorten(path);
  return { field: `event.data${shown}`, description: `${shown === "" ? "the data" : shown} ${shorten(message)}` };
}

function shorten(text: string): string {
  const shown = text.length > MAX_SHOWN_CHARS ? `${text.slice(0, MAX_SHOWN_CHARS - 1)}…` : text;
  return shown.toWellFormed();
}
