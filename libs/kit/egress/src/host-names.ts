import { isIPv4, isIPv6 } from "node:net";

/** Suffixes that name machines of a private network: RFC 6762, RFC 8375, ICANN's .internal, and Kubernetes' services. */
const INTERNAL_SUFFIXES = [".local", ".internal", ".svc", ".cluster.local", ".home.arpa"];

/** As the URL parser writes it: itself, and what is mapped from 127.0.0.0/8. */
const LOOPBACK_IPV6 = /^(?:::1|::ffff:7f[0-9a-f]{2}:[0-9a-f]{1,4})$/u;

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

/** Whether a URL's host, without brackets, is this very machine: by name or by address. */
export function isLoopback(hostname: string): boolean {
  if (isIPv4(hostname)) return hostname.startsWith("127.");
  if (isIPv6(hostname)) return LOOPBACK_IPV6.test(hostname);
  return judgeHostName(hostname) === "loopback";
}
