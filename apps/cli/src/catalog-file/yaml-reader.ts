import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from "yaml";

/** A value of the file and where it stands. */
export interface YamlValue {
  /** Such as eventTypes[0].schema. */
  readonly path: string;
  /** From 1; undefined for what has no place of its own. */
  readonly line: number | undefined;
  readonly node: Node;
}

/** The fields of a mapping that were given. */
export type Fields<Name extends string> = { readonly [Key in Name]?: YamlValue } & { readonly [OWNER]: YamlValue };

/** The mapping that the fields are of: what a missing field is reported at. */
const OWNER = Symbol("owner");

/** An alias may repeat what it names; this many at most, so that a small file does not become a large one. */
const MAX_ALIASES = 100;

/**
 * Reads a YAML document by asking for what is expected. It never stops at the first problem: each is noted with its line
 * and path, and something harmless is returned, so that one run tells everything that is wrong.
 */
export class YamlReader {
  readonly problems: string[] = [];
  readonly root: YamlValue | undefined;
  readonly #lines = new LineCounter();
  readonly #document: ReturnType<typeof parseDocument>;

  constructor(text: string) {
    this.#document = parseDocument(text, { lineCounter: this.#lines, prettyErrors: false });
    for (const { message, pos } of this.#document.errors) this.#note(this.#lines.linePos(pos[0]).line, "", message);
    const { contents } = this.#document;
    if (this.problems.length > 0) return;
    if (contents) this.root = this.#place(contents, "");
    else this.#note(1, "", "the file is empty");
  }

  /** Notes a problem at a value. */
  report(value: YamlValue, problem: string): void {
    this.#note(value.line, value.path, problem);
  }

  /** The fields of a mapping; unknown ones are problems. */
  fields<Name extends string>(value: YamlValue, known: readonly Name[]): Fields<Name> {
    const fields: Record<string | symbol, YamlValue> = { [OWNER]: value };
    const { node } = value;
    if (!isMap<Node, Node | null>(node)) {
      this.report(value, `a mapping with ${known.join(", ")} is expected`);
      return fields as unknown as Fields<Name>;
    }
    for (const { key, value: child } of node.items) {
      const name = isScalar(key) ? String(key.value) : "?";
      const field = this.#place(child ?? key, value.path === "" ? name : `${value.path}.${name}`, key);
      if (known.some((one) => one === name)) fields[name] = field;
      else this.report(field, `unknown field; known are ${known.join(", ")}`);
    }
    return fields as unknown as Fields<Name>;
  }

  /** A field that must be there; a problem if it is not. */
  required<Name extends string>(fields: Fields<Name>, name: Name): YamlValue | undefined {
    const value: YamlValue | undefined = fields[name];
    // What is no mapping at all was reported as such.
    if (!value && isMap(fields[OWNER].node)) this.report(fields[OWNER], `${name} is missing`);
    return value;
  }

  /** The items of a sequence; none if the field was not given. */
  items(value: YamlValue | undefined): readonly YamlValue[] {
    if (!value) return [];
    const { node, path } = value;
    if (isSeq<Node>(node)) return node.items.map((item, index) => this.#place(item, `${path}[${index}]`));
    this.report(value, "a list is expected");
    return [];
  }

  /** A text; empty if the field was not given. */
  text(value: YamlValue | undefined): string {
    if (!value) return "";
    if (isScalar(value.node) && typeof value.node.value === "string") return value.node.value;
    this.report(value, "a text is expected");
    return "";
  }

  /** Any value that JSON can hold. */
  json(value: YamlValue): unknown {
    try {
      const plain: unknown = value.node.toJS(this.#document, { maxAliasCount: MAX_ALIASES });
      this.#assertJson(plain, value);
      return plain;
    } catch (error) {
      // A RangeError is the stack's end: an alias may stand within what it names.
      if (error instanceof RangeError) this.report(value, "it contains itself, or is nested too deep");
      else this.report(value, error instanceof Error ? error.message : String(error));
      return {};
    }
  }

  /** YAML also writes what JSON can't: .nan, .inf. */
  #assertJson(plain: unknown, value: YamlValue): void {
    if (typeof plain === "number" && !Number.isFinite(plain))
      this.report(value, `${plain} is not a number that JSON has`);
    if (typeof plain === "object" && plain !== null) {
      for (const child of Object.values(plain)) this.#assertJson(child, value);
    }
  }

  #place(node: Node, path: string, from: Node = node): YamlValue {
    const offset = from.range?.[0];
    const target = isAlias(node) ? (node.resolve(this.#document) ?? node) : node;
    return { path, line: offset === undefined ? undefined : this.#lines.linePos(offset).line, node: target };
  }

  #note(line: number | undefined, path: string, problem: string): void {
    this.problems.push([line === undefined ? "" : `line ${line}`, path, problem].filter(Boolean).join(": "));
  }
}
