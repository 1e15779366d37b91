import type { EventTypeContent } from "@postrider/domain-catalog";
import type { Violation } from "@postrider/domain-event";
import { Ajv2020, type ErrorObject, type ValidateFunction } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";

const SCHEMA_FIELD = "event_type.schema";

/**
 * Whether the schema is a JSON Schema 2020-12 and the examples are valid by it. Keywords that JSON Schema does not know
 * are taken as notes, as the specification says; references lead to places within the schema only.
 */
export function checkSchema({ schema, examples }: EventTypeContent): readonly Violation[] {
  const compiled = schema === "" ? acceptAll : compile(schema);
  if (typeof compiled === "string") return [{ field: SCHEMA_FIELD, description: compiled }];
  return examples.flatMap(({ data }, index) => {
    const description = describeMismatch(data, compiled);
    return description === undefined ? [] : [{ field: `event_type.examples[${index}].data`, description }];
  });
}

/** Why the data does not fit; undefined if it does. */
type Judge = (data: unknown) => string | undefined;

const acceptAll: Judge = () => undefined;

/** What judges data by the schema, or what is wrong with the schema itself. */
function compile(schema: string): Judge | string {
  const parsed = parseJson(schema);
  if (parsed.kind === "malformed") return parsed.reason;
  if (!isSchema(parsed.value)) return "is neither a JSON object nor true or false";
  if (typeof parsed.value === "object" && "$async" in parsed.value) return "$async is not of JSON Schema";
  // One for each schema: it would keep what it compiled, and $ids of different schemas must not meet.
  const ajv = new Ajv2020({ strict: false, allErrors: false, logger: false });
  addFormats.default(ajv);
  try {
    if (ajv.validateSchema(parsed.value) !== true) return `is not a JSON Schema 2020-12: ${describe(ajv.errors)}`;
    return judgeBy(ajv.compile(parsed.value));
  } catch (error) {
    // An unknown reference or $schema, or nesting that overflows the stack: its message tells which.
    return `can't be compiled: ${error instanceof Error ? error.message : String(error)}`;
  }
}

function judgeBy(validate: ValidateFunction): Judge {
  return (data) => {
    try {
      return validate(data) ? undefined : `does not fit the schema: ${describe(validate.errors)}`;
    } catch (error) {
      if (error instanceof RangeError) return "is nested too deep for the schema";
      throw error;
    }
  };
}

function describeMismatch(data: string, judge: Judge): string | undefined {
  const parsed = parseJson(data);
  return parsed.kind === "malformed" ? parsed.reason : judge(parsed.value);
}

function describe(errors: readonly ErrorObject[] | null | undefined): string {
  const [first] = errors ?? [];
  if (!first) return "unknown reason";
  return `${first.instancePath === "" ? "/" : first.instancePath} ${first.message ?? first.keyword}`;
}

function isSchema(value: unknown): value is boolean | Record<string, unknown> {
  return typeof value === "boolean" || (typeof value === "object" && value !== null && !Array.isArray(value));
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
