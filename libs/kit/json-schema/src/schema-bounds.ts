/** Schemas within a schema. Each is compiled to code, at half a millisecond, while everybody waits. */
export const MAX_SUBSCHEMAS = 500;
/** Of schemas in each other. */
export const MAX_SCHEMA_DEPTH = 64;
/** A longer one is a program, and costs like one. */
export const MAX_PATTERN_CHARS = 1024;

/** A schema with keywords, as opposed to true or false. */
export type SchemaObject = Record<string, unknown>;

/** A place of the schema where a schema stands. */
interface Place {
  readonly schema: SchemaObject;
  /** A JSON pointer, empty for the whole. */
  readonly pointer: string;
  readonly depth: number;
}

/** Keywords of JSON Schema 2020-12 with one schema, with several, and with one for each name; some of older drafts, which ajv still follows. */
const ONE = ["not", "if", "then", "else", "items", "contains", "additionalProperties", "propertyNames"];
const ONE_OF_2020 = ["unevaluatedItems", "unevaluatedProperties", "contentSchema"];
const SEVERAL = ["allOf", "anyOf", "oneOf", "prefixItems"];
const BY_NAME = ["properties", "patternProperties", "dependentSchemas", "dependencies", "$defs", "definitions"];

/**
 * Every schema within the schema, itself included.
 * @throws Error whose message says which bound it breaks
 */
export function findSchemas(whole: SchemaObject): readonly SchemaObject[] {
  const pointers = new Set<string>();
  const anchors = new Set<string>();
  const found: SchemaObject[] = [];
  const open: Place[] = [{ schema: whole, pointer: "", depth: 1 }];
  for (let place = open.pop(); place; place = open.pop()) {
    const { schema, pointer, depth } = place;
    if (depth > MAX_SCHEMA_DEPTH) throw new Error(`has more than ${MAX_SCHEMA_DEPTH} schemas in each other`);
    if (found.push(schema) > MAX_SUBSCHEMAS) throw new Error(`has more than ${MAX_SUBSCHEMAS} schemas within`);
    pointers.add(pointer);
    for (const anchor of [schema["$anchor"], schema["$dynamicAnchor"]]) anchors.add(String(anchor));
    open.push(
      ...listChildren(schema).map((child) => ({ ...child, pointer: pointer + child.pointer, depth: depth + 1 })),
    );
  }
  const id = typeof whole["$id"] === "string" ? whole["$id"].replace(/#$/, "") : "";
  for (const schema of found) assertLocal(schema, { pointers, anchors, id });
  return found;
}

interface Child {
  readonly schema: SchemaObject;
  readonly pointer: string;
}

function listChildren(schema: SchemaObject): readonly Child[] {
  return [
    ...[...ONE, ...ONE_OF_2020].flatMap((keyword) => asChild(schema[keyword], [keyword])),
    ...SEVERAL.flatMap((keyword) => listEntries(schema[keyword], keyword)),
    ...BY_NAME.flatMap((keyword) => listEntries(schema[keyword], keyword)),
  ];
}

function listEntries(value: unknown, keyword: string): readonly Child[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, schema]) => asChild(schema, [keyword, name]));
}

function asChild(value: unknown, path: readonly string[]): readonly Child[] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [];
  const pointer = path.map((step) => `/${step.replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
  return [{ schema: value as SchemaObject, pointer }];
}

interface Within {
  readonly pointers: ReadonlySet<string>;
  readonly anchors: ReadonlySet<string>;
  readonly id: string;
}

/** Also a place within that is none of a schema would be a schema that nobody counts. */
function assertLocal(schema: SchemaObject, { pointers, anchors, id }: Within): void {
  for (const keyword of ["$ref", "$dynamicRef"]) {
    const reference = schema[keyword];
    if (typeof reference !== "string") continue;
    const local = id !== "" && reference.startsWith(id) ? reference.slice(id.length) : reference;
    if (local !== "" && !local.startsWith("#")) {
      throw new Error(`can't resolve reference ${cut(reference)}: only places within the schema can be meant`);
    }
    const place = decodeFragment(local.slice(1));
    if (place !== undefined && (pointers.has(place) || anchors.has(place))) continue;
    throw new Error(`can't resolve reference ${cut(reference)}: there is no schema at that place`);
  }
}

function decodeFragment(fragment: string): string | undefined {
  try {
    return decodeURIComponent(fragment);
  } catch {
    return undefined;
  }
}

function cut(text: string): string {
  return text.length > 100 ? `${text.slice(0, 99)}…`.toWellFormed() : text;
}
