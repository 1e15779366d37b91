import { quote, type Violation } from "@postrider/domain-event";

/** A bound of the field's habit: what proxies and servers take. */
const MAX_CALLBACK_URL_CHARS = 2048;

/**
 * The form of the URL only. Whether its address may be reached is the egress policy's word, because that depends on
 * where Postrider runs.
 */
export function checkCallbackUrl(field: string, text: string): readonly Violation[] {
  const description = describeProblem(text);
  return description === undefined ? [] : [{ field, description }];
}

function describeProblem(text: string): string | undefined {
  if (text === "") return "is required";
  if (text.length > MAX_CALLBACK_URL_CHARS) {
    return `has ${text.length} characters; at most ${MAX_CALLBACK_URL_CHARS} are allowed`;
  }
  // The WHATWG parser drops tabs and line ends silently: what is shown would not be what is called.
  if (/[\s\p{Cc}]/u.test(text)) return `${quote(text)} has white space or control characters`;
  if (!URL.canParse(text)) return `${quote(text)} is not an absolute URL`;
  const url = new URL(text);
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    return `${quote(text)} has the scheme ${quote(url.protocol.slice(0, -1))}; http or https are allowed`;
  }
  // Not quoted: it carries a password.
  if (url.username !== "" || url.password !== "") return "has a user or password in it; use a header instead";
  if (text.includes("#")) return `${quote(text)} has a fragment, which is never sent`;
  return undefined;
}
