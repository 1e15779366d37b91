import { createSecretKey, type KeyObject } from "node:crypto";

/** For AES-256. */
const KEY_BYTES = 32;
/** A rotation needs two; more than a few are forgotten ones. */
const MAX_KEYS = 16;
/** Has no dot: dots separate the parts of a sealed text. */
const KEY_ID = /^[A-Za-z0-9_-]{1,32}$/;
const ID_BYTES = 4;

/** The keys by their ids, in the order of the text. A KeyObject does not print its bytes. */
export interface MasterKeys {
  /** The first: what seals. */
  readonly currentId: string;
  /** All of them open. */
  readonly byId: ReadonlyMap<string, KeyObject>;
}

/** Keys, or why the text has none. The reason names an entry by its place and id, and never repeats a key. */
export type ParsedMasterKeys =
  { readonly kind: "keys"; readonly keys: MasterKeys } | { readonly kind: "invalid"; readonly reason: string };

/**
 * Reads `id:key`, one or several, separated by commas or line ends; a line that begins with # says nothing. A key is the
 * padded base64 of 32 bytes. The first one seals, the others only open what was sealed before.
 */
export function parseMasterKeys(text: string): ParsedMasterKeys {
  const lines = text.split(/\r?\n/).filter((line) => !line.trimStart().startsWith("#"));
  const entries = lines
    .flatMap((line) => line.split(","))
    .map((entry) => entry.trim())
    .filter((entry) => entry !== "");
  const byId = new Map<string, KeyObject>();
  for (const [index, entry] of entries.entries()) {
    const parsed = parseEntry(entry);
    if (typeof parsed === "string") return invalid(`entry ${index + 1} ${parsed}`);
    if (byId.has(parsed.id)) return invalid(`the id ${parsed.id} is there twice`);
    byId.set(parsed.id, parsed.key);
  }
  const [currentId] = byId.keys();
  if (currentId === undefined) return invalid("there is no key");
  if (byId.size > MAX_KEYS) return invalid(`there are ${byId.size} keys; at most ${MAX_KEYS} are allowed`);
  return { kind: "keys", keys: { currentId, byId } };
}

/** A fresh key as {@link parseMasterKeys} reads it. `randomBytes(n)` must be cryptographically strong. */
export function createMasterKey(
  randomBytes: (count: number) => Uint8Array,
  id = `key-${Buffer.from(randomBytes(ID_BYTES)).toString("hex")}`,
): string {
  if (!KEY_ID.test(id)) throw new RangeError(`${JSON.stringify(id)} is no id of a key: ${describeIds()}`);
  return `${id}:${Buffer.from(randomBytes(KEY_BYTES)).toString("base64")}`;
}

function parseEntry(entry: string): { readonly id: string; readonly key: KeyObject } | string {
  const colon = entry.indexOf(":");
  // The text before it is not repeated: without a colon it may be the key.
  if (colon < 0) return "has no colon: it should be id:key";
  const id = entry.slice(0, colon);
  if (!KEY_ID.test(id)) return `should begin with an id of ${describeIds()}, then a colon`;
  const encoded = entry.slice(colon + 1);
  const bytes = Buffer.from(encoded, "base64");
  // Node's decoder skips what it doesn't know: only canonical base64 survives the way back.
  if (bytes.toString("base64") !== encoded) return `(${id}) should have padded standard base64 after the colon`;
  if (bytes.length !== KEY_BYTES) return `(${id}) has a key of ${bytes.length} bytes; it should have ${KEY_BYTES}`;
  // What an example in a manual looks like, or a variable that was never filled.
  if (bytes.every((byte) => byte === bytes[0])) return `(${id}) has a key of ${KEY_BYTES} equal bytes, which is none`;
  return { id, key: createSecretKey(bytes) };
}

function describeIds(): string {
  return "1 to 32 letters, digits, - or _";
}

function invalid(reason: string): ParsedMasterKeys {
  return { kind: "invalid", reason };
}
