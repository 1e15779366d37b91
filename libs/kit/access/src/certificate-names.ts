/** What is read of a certificate, in Node's words. */
interface NamedCertificate {
  readonly subjectaltname?: string | undefined;
  readonly subject?: { readonly CN?: string | readonly string[] | undefined } | undefined;
}

/**
 * Node writes names as `DNS:a.example, URI:spiffe://a/b`, and those that could be taken for several as JSON strings
 * (since CVE-2021-44532).
 */
const NAME = /(?:^|, )([^:,"]+):("(?:[^"\\]|\\.)*"|[^,"]*)(?=, |$)/g;

/** The names of a verified certificate by which a caller may be known: `URI:...`, then `DNS:...`, then `CN:...`. */
export function namesOf({ subjectaltname = "", subject }: NamedCertificate): readonly string[] {
  const names = [...subjectaltname.matchAll(NAME)].map(([, kind = "", value = ""]) => `${kind}:${unquote(value)}`);
  const ofKind = (kind: string): string[] => names.filter((name) => name.startsWith(`${kind}:`));
  const commonName = subject?.CN;
  return [...ofKind("URI"), ...ofKind("DNS"), ...(typeof commonName === "string" ? [`CN:${commonName}`] : [])];
}

function unquote(value: string): string {
  return value.startsWith('"') ? String(JSON.parse(value)) : value;
}
