/** Characters that a content type may have. */
export const MAX_CONTENT_TYPE_CHARS = 128;

// media-type of RFC 9110 section 8.3.1, less what is awkward in headers: tabs and bytes beyond ASCII. Spaces may stand
// around a semicolon, not at the end. Written so that no text can be read in two ways: matching stays linear.
const TOKEN = "[A-Za-z0-9!#$%&'*+.^_`|~-]+";
const QUOTED = String.raw`"(?:[ \x21\x23-\x5B\x5D-\x7E]|\\[ -~])*"`;
const MEDIA_TYPE = new RegExp(`^${TOKEN}/${TOKEN}(?: *;(?: *${TOKEN}=(?:${TOKEN}|${QUOTED}))?)*$`);

const JSON_ESSENCE = /^[^/]+\/(?:[^/]+\+)?json$/i;

/** True for a media type of up to 128 printable ASCII characters, such as `application/json; charset=utf-8`. */
export function isContentType(text: string): boolean {
  return text.length <= MAX_CONTENT_TYPE_CHARS && MEDIA_TYPE.test(text);
}

/** True when data of this content type is JSON: a subtype of `json` or with the suffix `+json`; parameters are ignored. */
export function isJsonContentType(contentType: string): boolean {
  const end = contentType.indexOf(";");
  return JSON_ESSENCE.test((end < 0 ? contentType : contentType.slice(0, end)).trim());
}
