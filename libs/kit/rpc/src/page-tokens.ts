import { RpcError } from "./rpc-error.ts";

const DEFAULT_PAGE_SIZE = 100;
const MAX_PAGE_SIZE = 1000;
/** Of a token that is not ours, in the message that says so. */
const SHOWN_CHARS = 64;

/** A key and its list, in base64. */
const MAX_TOKEN_CHARS = 1024;

/** Which page is asked for. */
export interface PageAsked {
  readonly pageSize: number;
  /** The key after which it begins; empty for the first. */
  readonly after: string;
}

/**
 * Reads page_size and page_token.
 * @param scope what is listed, and by which filter: a token goes on with its own list only
 * @throws {RpcError} `invalid_argument`
 */
export function decodePage(request: { pageSize: number; pageToken: string }, scope: string): PageAsked {
  const { pageSize, pageToken } = request;
  if (pageSize < 0 || pageSize > MAX_PAGE_SIZE) {
    const description = `${pageSize} is not from 1 to ${MAX_PAGE_SIZE} (0: ${DEFAULT_PAGE_SIZE})`;
    throw RpcError.invalid([{ field: "page_size", description }]);
  }
  return { pageSize: pageSize === 0 ? DEFAULT_PAGE_SIZE : pageSize, after: decodeToken(pageToken, scope) };
}

/** The token of the page after the key; empty when there is none. */
export function encodePageToken(nextAfter: string | undefined, scope: string): string {
  if (nextAfter === undefined) return "";
  return Buffer.from(JSON.stringify([scope, nextAfter])).toString("base64url");
}

function decodeToken(token: string, scope: string): string {
  if (token === "") return "";
  if (token.length > MAX_TOKEN_CHARS) {
    throw invalidToken(`has ${token.length} characters; at most ${MAX_TOKEN_CHARS} are allowed`);
  }
  const [tokenScope, after] = parseToken(token);
  if (typeof tokenScope === "string" && typeof after === "string" && !after.includes("\0")) {
    if (tokenScope === scope) return after;
    throw invalidToken("is of another list: a token goes with the same filter that it was given for");
  }
  throw invalidToken(`${JSON.stringify(token.slice(0, SHOWN_CHARS))} is not a token that this method gave`);
}

function parseToken(token: string): readonly unknown[] {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(token, "base64url").toString());
    return Array.isArray(parsed) ? parsed : [];
  } catch {
    // Not JSON, so not ours: what is missing is refused above.
    return [];
  }
}

function invalidToken(description: string): RpcError {
  return RpcError.invalid([{ field: "page_token", description }]);
}
