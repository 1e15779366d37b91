/**
 * A status travels in headers, once in words and once as details, and clients take 8 KiB of those by default. One that is
 * larger than a client takes does not fail the call: it ends the connection, with every other call on it.
 */
const MAX_MESSAGE_BYTES = 1536;

/** The text of a status, or its beginning, such that it fits in percent-encoding too. */
export function cutMessage(text: string): string {
  // grpc-js throws on half a surrogate pair, outside of any handler: a caller's text cut in two would end the process.
  let cut = text.slice(0, MAX_MESSAGE_BYTES).toWellFormed();
  if (cut.length === text.length && encodeURI(cut).length <= MAX_MESSAGE_BYTES) return cut;
  while (encodeURI(`${cut}…`).length > MAX_MESSAGE_BYTES)
    cut = cut.slice(0, Math.floor(cut.length * 0.9)).toWellFormed();
  return `${cut}…`;
}
