import { quote, type Violation } from "@postrider/domain-event";

const MAX_HEADERS = 20;
const MAX_HEADER_CHARS = 1024;

/** A field name: RFC 9110, section 5.6.2. */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/**
 * Visible ASCII with spaces inside. RFC 9110 would allow TAB and the bytes above 0x7F, but receivers read those
 * differently, and the HTTP client sends whatever it is given.
 */
const VALUE = /^[!-~](?:[ -~]*[!-~])?$/;

/** Owned by HTTP itself, by the request that Postrider makes, or by proxies on the way: design.md and RFC 9110, 7.6.1. */
const RESERVED = new Set([
  "accept-encoding",
  "connection",
  "cookie",
  "cookie2",
  "expect",
  "forwarded",
  "host",
  "http2-settings",
  "keep-alive",
  "max-forwards",
  "te",
  "trailer",
  "trailers",
  "transfer-encoding",
  "upgrade",
  "user-agent",
  "via",
  "x-real-ip",
  "traceparent",
  "tracestate",
  "baggage",
]);
const RESERVED_PREFIXES = ["content-", "webhook-", "ce-", "x-forwarded-", "proxy-"];

/** The headers that a subscription adds to its requests. `field` is the map's own path. */
export function checkHeaders(field: string, headers: Readonly<Record<string, string>>): readonly Violation[] {
  const entries = Object.entries(headers);
  if (entries.length > MAX_HEADERS) {
    return [{ field, description: `has ${entries.length} headers; at most ${MAX_HEADERS} are allowed` }];
  }
  const seen = new Set<string>();
  return entries.flatMap(([name, value]) => {
    const lowerCased = name.toLowerCase();
    const isRepeated = seen.has(lowerCased);
    seen.add(lowerCased);
    const description = isRepeated
      ? "is there twice: the case of a name does not matter"
      : describeProblem(name, value);
    return description === undefined ? [] : [{ field: `${field}[${quote(name)}]`, description }];
  });
}

function describeProblem(name: string, value: string): string | undefined {
  if (name.length > MAX_HEADER_CHARS) {
    return `its name has ${name.length} characters; at most ${MAX_HEADER_CHARS} are allowed`;
  }
  if (!TOKEN.test(name)) return `${quote(name)} is not a header name: letters, digits and !#$%&'*+-.^_\`|~ are allowed`;
  if (isReserved(name.toLowerCase())) return `${quote(name)} is reserved: it is not a subscription's to set`;
  if (value.length === 0 || value.length > MAX_HEADER_CHARS) {
    return `its value has ${value.length} characters; 1 to ${MAX_HEADER_CHARS} are allowed`;
  }
  // Not quoted: a value may be a credential.
  if (!VALUE.test(value)) return "its value may have visible ASCII characters only, with spaces between them";
  return undefined;
}

function isReserved(name: string): boolean {
  return RESERVED.has(name) || RESERVED_PREFIXES.some((prefix) => name.startsWith(prefix));
}
