import type { BlockList } from "node:net";

import { isPublic, parseAddress, parseRanges } from "./address-ranges.ts";
import { judgeHostName } from "./host-names.ts";

/** Why a request is not sent. `message` is for people and names the value. */
export interface EgressRefusal {
  readonly reason: "bad_url" | "scheme" | "port" | "userinfo" | "host_name" | "private_address";
  readonly message: string;
}

/** What may be called. Pure: the same input always gets the same answer, so answers may be kept. */
export interface EgressPolicy {
  /** Judges all that a URL says by itself. A host name's addresses are judged when it is connected to. */
  readonly checkUrl: (url: string) => EgressRefusal | undefined;
  /** Judges one IPv4 or IPv6 address, without brackets. */
  readonly checkAddress: (address: string) => EgressRefusal | undefined;
}

/** The settings of a policy. */
export interface EgressPolicyOptions {
  /** CIDR ranges that are allowed although they are private. */
  readonly allowedRanges: readonly string[];
  /** Whether `http:` is allowed beside `https:`. */
  readonly allowHttp: boolean;
  /** Ports 1 to 65535, or any of them. */
  readonly ports: "any" | readonly number[];
}

/** Longest URL up to its query: what browsers, proxies and servers agree on. */
export const MAX_URL_CHARS = 2048;
/** Longest URL with its query, which carries the event in GET and DELETE. Servers' usual limit is 8 KiB. */
export const MAX_URL_WITH_QUERY_CHARS = 8192;

/**
 * Creates the policy of the door to the internet: public addresses, and those of `allowedRanges`.
 *
 * @throws RangeError that names what is wrong with a range or port
 */
export function createEgressPolicy({ allowedRanges, allowHttp, ports }: EgressPolicyOptions): EgressPolicy {
  const allowed = parseRanges("allowedRanges", allowedRanges);
  const names = allowedNames(allowed, allowedRanges);
  const allowedPorts = ports === "any" ? undefined : new Set(ports.map(assertPort));

  const checkAddress = (text: string): EgressRefusal | undefined => {
    const address = parseAddress(text);
    if (address === undefined) return refuse("private_address", `"${text}" is not an IP address`);
    if (allowed.check(address.text, address.family) || isPublic(address)) return undefined;
    return refuse("private_address", `${text} is not a public address`);
  };

  const checkHost = (hostname: string): EgressRefusal | undefined => {
    if (hostname.startsWith("[")) return checkAddress(hostname.slice(1, -1));
    if (parseAddress(hostname) !== undefined) return checkAddress(hostname);
    const kind = judgeHostName(hostname);
    if (kind === "public" || names.has(kind)) return undefined;
    return refuse("host_name", `"${hostname}" is ${kind === "malformed" ? "no host name" : "not a public host name"}`);
  };

  return {
    checkAddress,
    checkUrl: (text) => {
      const url = parseUrl(text);
      if (!(url instanceof URL)) return url;
      const refusal = checkScheme(url, allowHttp) ?? checkAuthority(text) ?? checkHost(url.hostname);
      if (refusal !== undefined) return refusal;
      const port = url.port === "" ? defaultPort(url) : Number(url.port);
      if (port === 0 || allowedPorts?.has(port) === false) return refuse("port", `port ${port} is not allowed`);
      return undefined;
    },
  };
}

function parseUrl(text: string): URL | EgressRefusal {
  const query = text.indexOf("?");
  const length = query === -1 ? text.length : query;
  if (length > MAX_URL_CHARS) {
    return refuse("bad_url", `the URL has ${length} characters before its query, ${MAX_URL_CHARS} are allowed`);
  }
  if (text.length > MAX_URL_WITH_QUERY_CHARS) {
    return refuse("bad_url", `the URL has ${text.length} characters, ${MAX_URL_WITH_QUERY_CHARS} are allowed`);
  }
  // The parser would drop these, or read a backslash as a slash: whoever wrote them meant another URL.
  if (/[\u0000-\u0020\u007f\\]/u.test(text)) {
    return refuse("bad_url", "the URL contains a blank, a control character or a backslash");
  }
  const url = URL.parse(text);
  if (url === null) return refuse("bad_url", "the URL cannot be parsed");
  if (text.includes("#")) return refuse("bad_url", "the URL has a fragment, which is never sent");
  return url;
}

function checkScheme(url: URL, allowHttp: boolean): EgressRefusal | undefined {
  if (url.protocol !== "https:" && !(allowHttp && url.protocol === "http:")) {
    return refuse("scheme", `the scheme ${url.protocol} is not ${allowHttp ? "https: or http:" : "https:"}`);
  }
  return undefined;
}

/** In the text itself: the parser adds or drops slashes, and drops an empty user name, where others read another host. */
function checkAuthority(text: string): EgressRefusal | undefined {
  const authority = /^https?:\/\/([^/?]+)/iu.exec(text)?.[1];
  if (authority === undefined) return refuse("bad_url", "the URL does not have exactly two slashes before its host");
  if (authority.includes("@"))
    return refuse("userinfo", "the URL contains a user name or password, or an @ before its host");
  return undefined;
}

/**
 * The kinds of private names that may be looked up at all; what they resolve to is still checked. `localhost` needs
 * loopback among the allowed ranges, internal names need any other range.
 */
function allowedNames(allowed: BlockList, ranges: readonly string[]): ReadonlySet<string> {
  const names = new Set<string>();
  if (allowed.check("127.0.0.1", "ipv4") || allowed.check("::1", "ipv6")) names.add("loopback");
  if (ranges.some((range) => !range.startsWith("127.") && !range.startsWith("::1/"))) names.add("internal");
  return names;
}

function defaultPort(url: URL): number {
  return url.protocol === "https:" ? 443 : 80;
}

function assertPort(port: number): number {
  if (Number.isInteger(port) && port >= 1 && port <= 65_535) return port;
  throw new RangeError(`ports: ${port} is not a port from 1 to 65535`);
}

function refuse(reason: EgressRefusal["reason"], message: string): EgressRefusal {
  return { reason, message };
}
