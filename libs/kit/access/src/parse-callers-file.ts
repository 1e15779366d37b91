import { hashToken, isAccessToken } from "./access-token.ts";
import type { AccessWords, Credential } from "./credential.ts";

/** Who is known from a file, by what they show. */
export interface ListedCallers {
  /** By the SHA-256 of their token. */
  readonly byToken: ReadonlyMap<string, Credential>;
  /** By a name in their certificate, as {@link namesOf} tells it. */
  readonly byCertificate: ReadonlyMap<string, Credential>;
}

const SHA256 = /^[0-9a-f]{64}$/;
const CERTIFICATE = /^(URI|DNS|CN):./;
const DATE = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/;
const PROOFS = ["token", "sha256", "certificate"] as const;

/**
 * Reads a file of callers.
 * @throws Error with a line for everything that is wrong; it never repeats a token, nor what stands where one belongs
 */
export function parseCallersFile(text: string, words: AccessWords): ListedCallers {
  const reader = new EntryReader(words);
  const entries = findEntries(text, reader);
  const byToken = new Map<string, Credential>();
  const byCertificate = new Map<string, Credential>();
  entries.forEach((entry, index) => {
    const caller = reader.read(entry, `callers[${index}]`);
    if (!caller) return;
    const known = caller.proof.kind === "token" ? byToken : byCertificate;
    if (known.has(caller.proof.key)) reader.report(caller.path, `shows the same ${caller.proof.kind} as one before it`);
    known.set(caller.proof.key, caller.credential);
  });
  if (reader.problems.length > 0) throw new Error(reader.problems.join("\n"));
  return { byToken, byCertificate };
}

function findEntries(text: string, reader: EntryReader): readonly unknown[] {
  const parsed = parseJson(text);
  const entries: unknown = isObject(parsed) ? parsed["callers"] : undefined;
  if (Array.isArray(entries)) return entries;
  // Without what JSON.parse says: it quotes the text around the place.
  reader.report("the file", 'is not JSON such as {"callers":[{"name":"ops","sha256":"...","scopes":["manage"]}]}');
  return [];
}

interface Proof {
  readonly kind: "token" | "certificate";
  readonly key: string;
}

/** Reads entries; notes what is wrong and goes on, so that one reading tells everything. */
class EntryReader {
  readonly problems: string[] = [];
  readonly #words: AccessWords;
  readonly #fields: ReadonlySet<string>;

  constructor(words: AccessWords) {
    this.#words = words;
    this.#fields = new Set(["name", "scopes", words.owner.name, "expires", ...PROOFS]);
  }

  report(path: string, problem: string): void {
    this.problems.push(`${path} ${problem}`);
  }

  read(entry: unknown, path: string): { path: string; proof: Proof; credential: Credential } | undefined {
    const before = this.problems.length;
    if (!isObject(entry)) {
      this.report(path, "should be an object");
      return undefined;
    }
    // The name of an unknown field could be a token that was put in the wrong place.
    const unknown = Object.keys(entry).filter((name) => !this.#fields.has(name)).length;
    if (unknown > 0) this.report(path, `has ${unknown} unknown field(s); known are ${[...this.#fields].join(", ")}`);
    const proof = this.#readProof(entry, path);
    const { name, expires } = entry;
    if (typeof name !== "string" || name === "") this.report(`${path}.name`, "should be a text: who it is, for people");
    const caller = { name: String(name), scopes: this.#readScopes(entry, path), boundTo: this.#readOwner(entry, path) };
    const expiresAtMs = typeof expires === "string" && DATE.test(expires) ? Date.parse(expires) : NaN;
    if (expires !== undefined && Number.isNaN(expiresAtMs)) {
      this.report(`${path}.expires`, "should be a time such as 2030-01-31T12:00:00Z");
    }
    if (!proof || this.problems.length > before) return undefined;
    return { path, proof, credential: { caller, expiresAtMs: expires === undefined ? Infinity : expiresAtMs } };
  }

  #readProof(entry: Readonly<Record<string, unknown>>, path: string): Proof | undefined {
    const given = PROOFS.filter((name) => entry[name] !== undefined);
    const [kind] = given;
    if (kind === undefined || given.length > 1) {
      this.report(path, "should have one of token, sha256 and certificate");
      return undefined;
    }
    const value = entry[kind];
    const text = typeof value === "string" ? value : "";
    if (kind === "token" && isAccessToken(text)) return { kind: "token", key: hashToken(text) };
    if (kind === "sha256" && SHA256.test(text)) return { kind: "token", key: text };
    if (kind === "certificate" && CERTIFICATE.test(text)) return { kind: "certificate", key: text };
    this.report(`${path}.${kind}`, WANTED[kind]);
    return undefined;
  }

  #readScopes({ scopes }: Readonly<Record<string, unknown>>, path: string): ReadonlySet<string> {
    const known: readonly unknown[] = this.#words.scopes;
    const isGood =
      Array.isArray(scopes) && scopes.length > 0 && scopes.every((scope: unknown) => known.includes(scope));
    if (!isGood) this.report(`${path}.scopes`, `should be a list of ${known.join(", ")}`);
    return new Set(isGood ? (scopes as string[]) : []);
  }

  #readOwner(entry: Readonly<Record<string, unknown>>, path: string): string | undefined {
    const { name, isValid } = this.#words.owner;
    const owner = entry[name];
    if (owner === undefined || (typeof owner === "string" && isValid(owner))) return owner;
    this.report(`${path}.${name}`, `should be a ${name} id, or left out`);
    return undefined;
  }
}

const WANTED: Readonly<Record<(typeof PROOFS)[number], string>> = {
  token: "should be a token as `postrider tokens generate` makes it",
  sha256: "should be the SHA-256 of a token, 64 hexadecimal digits in lower case",
  certificate: "should be URI:..., DNS:... or CN:..., with a name in the certificate",
};

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Said by the caller.
    return undefined;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
