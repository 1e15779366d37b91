export { compileJsonSchema, JsonSchemaError, type JsonValidate, type Mismatch } from "./compile-json-schema.ts";
export { MAX_PATTERN_CHARS, MAX_SCHEMA_DEPTH, MAX_SUBSCHEMAS } from "./schema-bounds.ts";
export { MAX_STEPS } from "./step-meter.ts";
