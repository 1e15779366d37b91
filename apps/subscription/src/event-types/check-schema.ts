import type { EventTypeContent } from "@postrider/domain-catalog";
import type { Violation } from "@postrider/domain-event";
import { compileJsonSchema, JsonSchemaError, type JsonValidate } from "@postrider/kit-json-schema";

const SCHEMA_FIELD = "event_type.schema";

/** Whether the schema is one that ingest can check data by, and the examples are valid by it. */
export function checkSchema({ schema, examples }: EventTypeContent): readonly Violation[] {
  const validate = schema === "" ? acceptAll : compile(schema);
  if (typeof validate === "string") return [{ field: SCHEMA_FIELD, description: validate }];
  return examples.flatMap(({ data }, index) => {
    const description = describeMismatch(data, validate);
    return description === undefined ? [] : [{ field: `event_type.examples[${index}].data`, description }];
  });
}

const acceptAll: JsonValidate = () => undefined;

/** What judges data by the schema, or what is wrong with the schema itself. */
function compile(schema: string): JsonValidate | string {
  try {
    return compileJsonSchema(schema);
  } catch (error) {
    if (error instanceof JsonSchemaError) return error.message;
    throw error;
  }
}

function describeMismatch(data: string, validate: JsonValidate): string | undefined {
  const parsed = parseJson(data);
  if (parsed.kind === "malformed") return parsed.reason;
  const mismatch = validate(parsed.value);
  return mismatch && `does not fit the schema: ${mismatch.path === "" ? "/" : mismatch.path} ${mismatch.message}`;
}

type Parsed =
  { readonly kind: "json"; readonly value: unknown } | { readonly kind: "malformed"; readonly reason: string };

function parseJson(text: string): Parsed {
  try {
    return { kind: "json", value: JSON.parse(text) };
  } catch (error) {
    return { kind: "malformed", reason: `is not JSON: ${error instanceof Error ? error.message : String(error)}` };
  }
}
