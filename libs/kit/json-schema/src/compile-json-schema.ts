import { _, Ajv2020, type ErrorObject, type ValidateFunction } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { createPatternEngine } from "./linear-pattern.ts";
import { findSchemas, type SchemaObject } from "./schema-bounds.ts";
import { OutOfSteps, StepMeter } from "./step-meter.ts";
import { areUnique } from "./unique-items.ts";

/** Why a text is no schema that we take. Its message goes on with what the schema "is" or "has", or that it "can't". */
export class JsonSchemaError extends Error {
  override readonly name = "JsonSchemaError";
}

/** The first thing that is wrong with a value. */
export interface Mismatch {
  /** A JSON pointer; empty for the value as a whole. */
  readonly path: string;
  /** Such as "must be string". */
  readonly message: string;
}

/** Undefined when the value is valid. Never throws. */
export type JsonValidate = (value: unknown) => Mismatch | undefined;

/**
 * Makes a check from a JSON Schema 2020-12. Keywords that JSON Schema does not know are notes, as the specification says.
 *
 * Whatever the schema and whatever the data, a check costs a bounded time: it runs in the thread that serves everybody.
 * Schemas are bounded in number and depth, and refer to places within only; patterns are matched in linear time; and each
 * schema that is met counts while a check runs (a `$ref` twice in each of 30 definitions is a kilobyte and a billion
 * checks), so that one which goes on for too long ends as a mismatch.
 * @throws {JsonSchemaError}
 */
export function compileJsonSchema(text: string): JsonValidate {
  const schema = parse(text);
  const meter = new StepMeter();
  const validate = compile(schema, meter);
  return (value) => {
    meter.reset();
    try {
      return validate(value) ? undefined : describe(validate.errors);
    } catch (error) {
      if (error instanceof OutOfSteps) return { path: "", message: error.message };
      // The stack: of a schema that refers to itself, and data that is as deep.
      if (error instanceof RangeError) return { path: "", message: "is nested too deep for the schema" };
      throw error;
    }
  };
}

function parse(text: string): SchemaObject | boolean {
  let schema: unknown;
  try {
    schema = JSON.parse(text);
  } catch (error) {
    throw new JsonSchemaError(`is not JSON: ${wordsOf(error)}`, { cause: error });
  }
  if (typeof schema === "boolean") return schema;
  if (typeof schema !== "object" || schema === null || Array.isArray(schema)) {
    throw new JsonSchemaError("is neither a JSON object nor true or false");
  }
  if ("$async" in schema) throw new JsonSchemaError("$async is not of JSON Schema");
  return schema as SchemaObject;
}

function compile(schema: SchemaObject | boolean, meter: StepMeter): ValidateFunction {
  try {
    // One for each schema: it would keep what it compiled, and $ids of different schemas must not meet.
    const ajv = createAjv(meter);
    const schemas = typeof schema === "boolean" ? [] : findSchemas(schema);
    if (ajv.validateSchema(schema) !== true) {
      const { path, message } = describe(ajv.errors);
      throw new JsonSchemaError(`is not a JSON Schema 2020-12: ${path === "" ? "/" : path} ${message}`);
    }
    for (const each of schemas) each[STEP] = { weight: weigh(each), grows: GROWING.some((keyword) => keyword in each) };
    return ajv.compile(schema);
  } catch (error) {
    if (error instanceof JsonSchemaError) throw error;
    // An unknown $schema, a pattern that is none, nesting that overflows the stack: its message tells which.
    throw new JsonSchemaError(`can't be compiled: ${wordsOf(error)}`, { cause: error });
  }
}

/** A keyword of our own, put into every schema: JSON Schema has none like it. */
const STEP = "$step";

interface Step {
  readonly weight: number;
  /** Whether the schema looks at all of a value, however large that is. */
  readonly grows: boolean;
}

/** Keywords that cost more for a larger text, list or object, beside what they ask of what is in it. */
const GROWING = ["minLength", "maxLength", "format", "minProperties", "maxProperties", "additionalProperties"].concat([
  ...["unevaluatedProperties", "unevaluatedItems", "patternProperties", "propertyNames", "contains"],
]);

function createAjv(meter: StepMeter): Ajv2020 {
  const ajv = new Ajv2020({
    ...{ strict: false, allErrors: false, logger: false, validateSchema: false },
    code: { regExp: createPatternEngine(meter) },
  });
  addFormats.default(ajv);
  // ajv's own takes a second for 10 KB of "::", and it is no format of JSON Schema.
  ajv.addFormat("url", (text) => /^(?:https?|ftp):\/\//i.test(text) && URL.canParse(text));
  ajv.removeKeyword("uniqueItems");
  ajv.addKeyword({
    keyword: "uniqueItems",
    type: "array",
    schemaType: "boolean",
    error: { message: "must NOT have duplicate items" },
    compile: (isAsked: boolean) => (items: unknown[]) => !isAsked || areUnique(items, meter),
  });
  const spend = (steps: number): void => {
    meter.spend(steps);
  };
  ajv.addKeyword({
    keyword: STEP,
    // As code, not as a function: ajv calls those with objects made for the purpose, which would cost more than the checks.
    code: ({ gen, data, schema }) => {
      const { weight, grows } = schema as Step;
      const ours = { spend: gen.scopeValue("func", { ref: spend }), measure: gen.scopeValue("func", { ref: measure }) };
      gen.code(grows ? _`${ours.spend}(${weight} + ${ours.measure}(${data}))` : _`${ours.spend}(${weight})`);
    },
  });
  return ajv;
}

/** What a schema asks for itself: each entry of its lists is looked at. */
function weigh(schema: SchemaObject): number {
  const lists = ["enum", "required", "properties", "patternProperties", "dependentRequired", "prefixItems", "const"];
  return lists.reduce((weight, keyword) => weight + measure(schema[keyword]), 1);
}

const CHARS_PER_STEP = 16;

function measure(value: unknown): number {
  if (typeof value === "string") return value.length / CHARS_PER_STEP;
  if (typeof value !== "object" || value === null) return 0;
  return Array.isArray(value) ? value.length : Object.keys(value).length;
}

function describe(errors: readonly ErrorObject[] | null | undefined): Mismatch {
  const [first] = errors ?? [];
  const extra: unknown = first?.params["additionalProperty"];
  const more = typeof extra === "string" ? `: ${extra}` : "";
  return { path: first?.instancePath ?? "", message: `${first?.message ?? "breaks the schema"}${more}` };
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
