/** Suffixes that name machines of a private network: RFC 6762, RFC 8375, ICANN's .internal, and Kubernetes' services. */
const INTERNAL_SUFFIXES = [".local", ".internal", ".svc", ".cluster.local", ".home.arpa"];

/** Whom a host name can mean, judged by the name alone. */
export type NameKind = "loopback" | "internal" | "public" | "malformed";

/** Sorts a host name, as the URL parser wrote it (lower case, punycode). One trailing dot, the root, is allowed. */
export function judgeHostName(hostname: string): NameKind {
  const name = hostname.endsWith(".") ? hostname.slice(0, -1) : hostname;
  const labels = name.split(".");
  // 253 and 63 are the limits of DNS (RFC 1035, section 2.3.4).
  if (name.length > 253 || labels.some((label) => label.length === 0 || label.length > 63)) return "malformed";
  if (labels.at(-1) === "localhost") return "loopback";
  if (labels.length === 1) return "internal";
  if (INTERNAL_SUFFIXES.some((suffix) => name.endsWith(suffix))) return "internal";
  return "public";
}
